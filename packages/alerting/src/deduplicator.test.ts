import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Deduplicator } from "./deduplicator.ts";

const MINUTE = 60_000;
const coolDownMs = 5 * MINUTE;

describe("Deduplicator", () => {
  it("tells a lasting alert again only after the cool-down", () => {
    const alerts = new Deduplicator({ coolDownMs, maxEntries: 10 });
    expect(alerts.begin("a", 0)).toBe(true);
    expect(alerts.again("a", 4 * MINUTE + 59_000)).toBe(false);
    expect(alerts.again("a", 5 * MINUTE)).toBe(true);
    expect(alerts.again("a", 5 * MINUTE + 1)).toBe(false);
  });

  it("is silent about an alert that comes back within the cool-down, and about its end", () => {
    const alerts = new Deduplicator({ coolDownMs, maxEntries: 10 });
    expect(alerts.begin("a", 0)).toBe(true);
    expect(alerts.end("a")).toBe(true);
    expect(alerts.begin("a", MINUTE)).toBe(false);
    expect(alerts.end("a")).toBe(false);
    expect(alerts.begin("a", 2 * MINUTE)).toBe(false);
    expect(alerts.again("a", 5 * MINUTE)).toBe(true);
    expect(alerts.end("a")).toBe(true);
    expect(alerts.end("a")).toBe(false);
  });

  it("resolves with the last of several causes", () => {
    const alerts = new Deduplicator({ coolDownMs, maxEntries: 10 });
    expect([alerts.begin("a", 0), alerts.begin("a", 1)]).toEqual([true, false]);
    expect([alerts.end("a"), alerts.end("a"), alerts.end("a")]).toEqual([false, true, false]);
  });

  it("forgets quiet fingerprints before firing ones and stays within its bound", () => {
    const alerts = new Deduplicator({ coolDownMs, maxEntries: 2 });
    alerts.begin("firing", 0);
    alerts.begin("quiet", 1);
    alerts.end("quiet");
    alerts.begin("new", 2);
    expect(alerts.size).toBe(2);
    expect(alerts.forgotten).toBe(0);
    expect(alerts.end("firing")).toBe(true);
    alerts.begin("x", 3);
    alerts.begin("y", 4);
    expect(alerts.size).toBe(2);
    expect(alerts.forgotten).toBe(1);
    expect(alerts.end("new")).toBe(false);
  });

  it("agrees with a naive model over any history", () => {
    const step = fc.record({
      kind: fc.constantFrom("begin", "again", "end"),
      key: fc.constantFrom("a", "b", "c"),
      wait: fc.integer({ min: 0, max: 4 * MINUTE }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const alerts = new Deduplicator({ coolDownMs, maxEntries: 3 });
        const history: { key: string; kind: string; at: number; told: boolean }[] = [];
        let now = 0;
        for (const { kind, key, wait } of steps) {
          now += wait;
          const past = history.filter((event) => event.key === key);
          const causes = past.reduce(
            (sum, event) => (event.kind === "begin" ? sum + 1 : event.kind === "end" ? Math.max(0, sum - 1) : sum),
            0,
          );
          const lastTold = past.findLast((event) => event.told && event.kind !== "end")?.at ?? Number.NEGATIVE_INFINITY;
          const lastEnd = endOfEpisode(past);
          const toldInEpisode = past.slice(lastEnd + 1).some((event) => event.told && event.kind !== "end");
          const cool = now - lastTold >= coolDownMs;
          const expected = kind === "begin" ? cool : kind === "again" ? causes > 0 && cool : causes === 1 && toldInEpisode;
          const told = kind === "begin" ? alerts.begin(key, now) : kind === "again" ? alerts.again(key, now) : alerts.end(key);
          expect(told).toBe(expected);
          history.push({ key, kind, at: now, told });
        }
        for (const key of ["a", "b", "c"]) {
          const told = history.filter((event) => event.key === key && event.told);
          for (const [i, event] of told.entries()) {
            if (event.kind !== "end") continue;
            expect(told[i - 1]?.kind, "a resolved follows a firing, never another resolved").toMatch(/begin|again/);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});

/** Index of the event that ended the last episode; -1 when there was none. */
function endOfEpisode(past: readonly { kind: string }[]): number {
  let causes = 0;
  let end = -1;
  for (const [i, event] of past.entries()) {
    if (event.kind === "begin") causes++;
    if (event.kind !== "end" || causes === 0) continue;
    causes--;
    if (causes === 0) end = i;
  }
  return end;
}
