import { describe, expect, it } from "vitest";
import { FloodGuard } from "./flood-guard.ts";

function guarded(): { spend: (times: number) => void; at: (ms: number) => void } {
  let now = 1_000_000;
  const guard = new FloodGuard(() => now);
  return {
    spend: (times) => {
      for (let count = 0; count < times; count++) guard.spend("pings");
    },
    at: (ms) => void (now = 1_000_000 + ms),
  };
}

describe("the flood guard", () => {
  it("lets a thousand through at once and no more", () => {
    expect(() => guarded().spend(1000)).not.toThrow();
    expect(() => guarded().spend(1001)).toThrow("too many pings");
  });

  it("forgets with the time: 33 a second, a thousand at the most", () => {
    const { spend, at } = guarded();
    spend(1000);
    at(10_000);
    spend(330);
    expect(() => spend(1)).toThrow("too many pings");
    at(10_000_000);
    spend(1000);
    expect(() => spend(1)).toThrow("too many pings");
  });

  it("does not blame a client for a clock that was set back", () => {
    const { spend, at } = guarded();
    spend(1000);
    at(-3_600_000);
    expect(() => spend(1000)).not.toThrow();
    expect(() => spend(1)).toThrow("too many pings");
  });
});
