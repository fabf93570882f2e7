import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "./system-clock.ts";

afterEach(() => void vi.useRealTimers());

describe("the clock of the machine", () => {
  it("tells the time of day", () => {
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(60_000);
  });

  it("goes on evenly when somebody sets the time of day: what waits waits no longer and no shorter", () => {
    const before = systemClock.now();
    vi.useFakeTimers({ toFake: ["Date"], now: before + 3 * 86_400_000 });
    expect(Date.now() - before).toBeGreaterThan(86_400_000);
    expect(systemClock.now() - before).toBeLessThan(60_000);
    vi.setSystemTime(0);
    expect(systemClock.now()).toBeGreaterThanOrEqual(before);
  });

  it("has timers that can be taken back", async () => {
    let fired = 0;
    systemClock.setTimeout(() => (fired += 1), 0);
    systemClock.setTimeout(() => (fired += 1), 0).cancel();
    await sleep(5);
    expect(fired).toBe(1);
  });
});
