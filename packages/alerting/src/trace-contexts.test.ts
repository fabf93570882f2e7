import { describe, expect, it } from "vitest";
import { TraceContexts, traceKey, traceKeyOfHex } from "./trace-contexts.ts";

function setup(maxTraces = 3) {
  let now = 0;
  const contexts = new TraceContexts({ maxTraces, ttlMs: 1000, now: () => now });
  return { contexts, advance: (ms: number) => (now += ms) };
}

describe("TraceContexts", () => {
  it("adds up what the spans of a trace say; the first word stays", () => {
    const { contexts } = setup();
    contexts.learn(1, { room_id: "a" });
    contexts.learn(1, { room_id: "b", user_agent: "ua" });
    expect(contexts.get(1)).toEqual({ room_id: "a", user_agent: "ua" });
  });

  it("is bounded in number and in time", () => {
    const { contexts, advance } = setup();
    for (const key of [1, 2, 3]) contexts.learn(key, { room_id: String(key) });
    contexts.learn(1, { user_agent: "touched" });
    contexts.learn(4, { room_id: "4" });
    expect(contexts.size).toBe(3);
    expect(contexts.get(2)).toBeUndefined();
    expect(contexts.get(1)).toBeDefined();
    advance(1000);
    expect(contexts.get(4)).toBeUndefined();
    contexts.learn(1, { room_id: "new" });
    expect(contexts.get(1)).toEqual({ room_id: "new" });
  });
});

describe("traceKey", () => {
  it("is the same number from hex and from the halves that views give", () => {
    const traceId = "0af7651916cd43dd8448eb211c80319c";
    const low56 = BigInt(`0x${traceId}`) & ((1n << 56n) - 1n);
    expect(traceKeyOfHex(traceId)).toBe(traceKey(Number(low56 >> 28n), Number(low56 & 0xfffffffn)));
    expect(traceKeyOfHex("nonsense")).toBe(0);
  });
});
