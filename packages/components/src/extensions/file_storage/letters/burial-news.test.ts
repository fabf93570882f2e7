import { recordingLogger, VirtualClock, type LoggedLine } from "@tidemark/core/testing";
import { describe, expect, it } from "vitest";
import { BurialNews } from "./burial-news.ts";

const NO = { reason: "rejected", message: "400 Bad Request", attempts: 1 } as const;
const LATE = { reason: "retries_exhausted", message: "no more retries left", attempts: 6 } as const;

function make(): { readonly news: BurialNews; readonly clock: VirtualClock; readonly said: () => unknown[] } {
  const lines: LoggedLine[] = [];
  const clock = new VirtualClock();
  const news = new BurialNews({ clock, log: recordingLogger(lines) });
  return {
    news,
    clock,
    said: () => lines.splice(0).map(({ level, fields }) => [level, fields["owner"], fields["batches"], fields["reason"]]),
  };
}

describe("what the log says of dead letters", () => {
  it("tells the first at once, and those that follow together, with the newest reason", async () => {
    const { news, clock, said } = make();
    news.add("exporter/a", NO);
    expect(said()).toEqual([["warn", "exporter/a", 1, "rejected"]]);
    for (let count = 0; count < 100; count += 1) news.add("exporter/a", NO);
    news.add("exporter/a", LATE);
    news.add("exporter/b", NO);
    expect(said()).toEqual([["warn", "exporter/b", 1, "rejected"]]);
    await clock.advance(9_999);
    news.tell();
    expect(said()).toEqual([]);
    await clock.advance(1);
    news.tell();
    news.tell();
    expect(said()).toEqual([["warn", "exporter/a", 101, "retries_exhausted"]]);
  });

  it("tells the rest at the end", () => {
    const { news, said } = make();
    news.add("exporter/a", NO);
    news.add("exporter/a", NO);
    said();
    news.end();
    news.end();
    expect(said()).toEqual([["warn", "exporter/a", 1, "rejected"]]);
  });
});
