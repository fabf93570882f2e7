import { describe, expect, it } from "vitest";
import { batchFromObject, openBatch } from "../batch/open.ts";

const ID = "000102030405060708090a0b0c0d0e0f";

/** A request of one span with this content. */
function request(span: readonly number[]): Uint8Array {
  const frame = (content: readonly number[], tag = 0x12): number[] => [tag, content.length, ...content];
  return Uint8Array.from(frame(frame(frame(span)), 0x0a));
}

describe("copying a trace id", () => {
  it("gives the id of each span and record, in the memory of the caller", () => {
    const target = new Uint8Array(20).fill(0xff);
    const wanted = Uint8Array.from({ length: 20 }, (_, at) => (at < 16 ? at : 0xff));
    const spans = batchFromObject("traces", { resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: ID, spanId: "", name: "a" }] }] }] });
    for (let items = spans.items(); items.next();) expect([items.copyTraceId(target), target]).toEqual([true, wanted]);
    target.fill(0xff);
    const logs = batchFromObject("logs", { resourceLogs: [{ scopeLogs: [{ logRecords: [{ traceId: ID }] }] }] });
    for (let items = logs.items(); items.next();) expect([items.copyTraceId(target), target]).toEqual([true, wanted]);
  });

  it("says when there is none, and reads a length that is longer than it must be", () => {
    const id = [...Buffer.from(ID, "hex")];
    const target = new Uint8Array(16);
    const copied = (span: readonly number[]): boolean => {
      const items = openBatch("traces", request(span), { validate: false }).items();
      return items.next() && items.copyTraceId(target);
    };
    expect([copied([]), copied([0x0a, 0]), copied([0x0a, 8, ...id.slice(8)]), copied([0x2a, 1, 0x61])]).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect([copied([0x0a, 0x90, 0, ...id]), [...target]]).toEqual([true, id]);
  });
});
