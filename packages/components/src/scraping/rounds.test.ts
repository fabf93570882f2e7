import type { Clock } from "@tidemark/core";
import { VirtualClock } from "@tidemark/core/testing";
import { expect, it } from "vitest";
import { Rounds } from "./rounds.ts";

function rounds(): { readonly clock: VirtualClock; readonly begun: number[]; readonly made: Rounds } {
  const clock = new VirtualClock(0);
  const begun: number[] = [];
  return { clock, begun, made: new Rounds(clock, 100, () => void begun.push(clock.now())) };
}

it("begins after the delay and then each interval, until it is stopped", async () => {
  const { clock, begun, made } = rounds();
  made.start(30);
  await clock.advance(250);
  made.stop();
  await clock.advance(1000);
  expect(begun).toEqual([30, 130, 230]);
  expect(clock.pending).toBe(0);
});

it("does not make up for what a sleeping machine missed", () => {
  let now = 0;
  let wake = (): void => undefined;
  let delay = 0;
  const clock: Clock = {
    now: () => now,
    setTimeout: (callback, ms) => {
      wake = callback;
      delay = ms;
      return { cancel: () => undefined };
    },
  };
  const begun: number[] = [];
  new Rounds(clock, 100, () => void begun.push(now)).start(0);
  wake();
  now = 455;
  wake();
  expect([begun, delay]).toEqual([[0, 455], 45]);
  now = 500;
  wake();
  expect([begun, delay]).toEqual([[0, 455, 500], 100]);
});
