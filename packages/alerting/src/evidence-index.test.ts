import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { EvidenceSample } from "./alert.ts";
import { EvidenceIndex } from "./evidence-index.ts";

const TTL = 300_000;

function setup(limits: { maxSeries?: number; maxBytes?: number } = {}) {
  let now = 1_760_000_000_000;
  const index = new EvidenceIndex({ ttlMs: TTL, maxSeries: 100, maxBytes: 1 << 20, ...limits, now: () => now });
  const record = (service: string, attributes: Record<string, string>, value: number, traceId: string, failed = false): void => {
    const key = JSON.stringify([service, attributes]);
    const bucket = index.bucket(key, service, () => attributes);
    index.observe(bucket, value, failed, (deviant): EvidenceSample => ({
      traceId,
      spanId: "s",
      roomId: `room of ${traceId}`,
      userAgent: "ua",
      baggage: { k: "v" },
      value,
      at: now,
      deviant,
    }));
  };
  const lookup = (service: string, attributes: Record<string, string> = {}, windowMs = TTL) =>
    index.lookup({ service, attributes, at: now, windowMs });
  return { index, record, lookup, advance: (ms: number) => (now += ms), now: () => now };
}

describe("EvidenceIndex", () => {
  it("finds the sample that stands out most, and shows usual ones beside it", () => {
    const { record, lookup } = setup();
    for (let i = 0; i < 50; i++) record("chat", {}, 100 + (i % 3), `usual-${i}`);
    record("chat", {}, 900, "slow");
    record("chat", {}, 400, "slower than usual");
    for (let i = 0; i < 50; i++) record("chat", {}, 100, `later-${i}`);
    const evidence = lookup("chat");
    expect(evidence).toMatchObject({ traceId: "slow", roomId: "room of slow", userAgent: "ua", baggage: { k: "v" } });
    expect(evidence?.samples.slice(0, 2).map(({ value }) => value)).toEqual([900, 400]);
    expect(evidence?.samples.at(-1)).toMatchObject({ deviant: false });
    expect(evidence?.samples.at(-1)?.value).toBeLessThan(110);
  });

  it("leads with a slow sample even when the fault has hit most operations", () => {
    const { record, lookup, advance } = setup();
    for (let i = 0; i < 50; i++) record("chat", {}, 50, `usual-${i}`);
    for (let i = 0; i < 400; i++) {
      advance(100);
      record("chat", {}, i % 5 === 0 ? 50 : 800, i % 5 === 0 ? `quick-${i}` : `slow-${i}`);
    }
    expect(lookup("chat", {}, 20_000)?.traceId).toMatch(/^slow-/);
  });

  it("counts a failed operation as standing out even when it was quick", () => {
    const { record, lookup } = setup();
    for (let i = 0; i < 20; i++) record("chat", {}, 100 + i, `usual-${i}`);
    record("chat", {}, 60, "failed", true);
    expect(lookup("chat")?.traceId).toBe("failed");
  });

  it("prefers series that agree on more attributes and shuns those that contradict", () => {
    const { record, lookup } = setup();
    record("chat", { "chat.type": "group" }, 100, "group");
    record("chat", { "chat.type": "single" }, 9000, "single");
    record("chat", { "chat.type": "group", "http.route": "/send" }, 50, "group send");
    expect(lookup("chat", { "chat.type": "group", "http.route": "/send" })?.traceId).toBe("group send");
    expect(lookup("chat", { "chat.type": "group", direction: "recv" })?.traceId).not.toBe("single");
    expect(lookup("chat", { "chat.type": "none" })).toBeUndefined();
    expect(lookup("other")).toBeUndefined();
  });

  it("looks only into the window, and forgets after its time to live", () => {
    const { record, lookup, advance } = setup();
    record("chat", {}, 5000, "old");
    advance(120_000);
    record("chat", {}, 300, "new");
    expect(lookup("chat", {}, 60_000)?.traceId).toBe("new");
    advance(TTL - 60_000);
    expect(lookup("chat")?.samples.map(({ traceId }) => traceId)).not.toContain("old");
    advance(TTL);
    expect(lookup("chat")).toBeUndefined();
  });

  it("gives a frozen copy", () => {
    const { record, lookup } = setup();
    record("chat", {}, 100, "first");
    const evidence = lookup("chat");
    record("chat", {}, 900, "second");
    expect(evidence?.traceId).toBe("first");
    expect(Object.isFrozen(evidence) && Object.isFrozen(evidence?.samples) && Object.isFrozen(evidence?.samples[0]?.baggage)).toBe(true);
  });

  it("stays within its limits and counts bytes exactly", () => {
    const operation = fc.record({
      service: fc.constantFrom("a", "b"),
      route: fc.integer({ min: 0, max: 9 }),
      value: fc.integer({ min: 0, max: 1000 }),
      wait: fc.integer({ min: 0, max: 90_000 }),
    });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 120 }), (operations) => {
        const { index, record, advance } = setup({ maxSeries: 6, maxBytes: 6000 });
        for (const { service, route, value, wait } of operations) {
          advance(wait);
          record(service, { route: String(route) }, value, "t".repeat(value % 40));
          expect(index.series).toBeLessThanOrEqual(6);
          expect(index.series === 1 || index.bytes <= 6000).toBe(true);
          expect(index.bytes).toBeGreaterThan(0);
        }
      }),
      { numRuns: 50 },
    );
  });
});
