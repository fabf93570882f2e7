import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Outcome } from "../contract/outcome.ts";
import { PipelineError } from "../contract/pipeline-error.ts";
import { decodeDeliver, decodeOutcome, encodeDeliver, encodeFrame, encodeOutcome, FRAME } from "./exchange-frame.ts";
import { FrameReader } from "./frame-reader.ts";

interface Seen {
  readonly kind: number;
  readonly id: number;
  readonly body: Buffer;
}

function readAll(chunks: readonly Buffer[], accepts: (id: number) => boolean = () => true): Seen[] {
  const seen: Seen[] = [];
  const reader = new FrameReader({ accepts: (_kind, id) => accepts(id), frame: (kind, id, body) => void seen.push({ kind, id, body }) });
  for (const chunk of chunks) reader.push(chunk);
  return seen;
}

function cutAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].toSorted((a, b) => a - b);
  return [...places, bytes.length].map((end, i) => bytes.subarray(places[i - 1] ?? 0, end));
}

const frames = fc.array(fc.record({ kind: fc.integer({ min: 1, max: 8 }), id: fc.nat(), body: fc.uint8Array({ maxLength: 300 }) }), {
  maxLength: 8,
});

describe("FrameReader", () => {
  it("finds the frames of a stream however it is cut", () => {
    fc.assert(
      fc.property(frames, fc.array(fc.nat(3000)), (sent, cuts) => {
        const bytes = Buffer.concat(sent.map(({ kind, id, body }) => encodeFrame(kind, id, body)));
        const seen = readAll(cutAt(bytes, cuts));
        expect(seen.map(({ kind, id, body }) => ({ kind, id, body: Uint8Array.from(body) }))).toEqual(sent);
      }),
    );
  });

  it("skips the bodies of frames that are not accepted", () => {
    fc.assert(
      fc.property(frames, fc.array(fc.nat(3000)), (sent, cuts) => {
        const bytes = Buffer.concat(sent.map(({ kind, id, body }) => encodeFrame(kind, id, body)));
        const isEven = (id: number): boolean => id % 2 === 0;
        expect(readAll(cutAt(bytes, cuts), isEven).map(({ id }) => id)).toEqual(sent.map(({ id }) => id).filter(isEven));
      }),
    );
  });

  it("does not trust a frame that is shorter than its header", () => {
    expect(() => readAll([Buffer.alloc(16)])).toThrow("shorter than its header");
  });
});

describe("a part of a batch", () => {
  it("keeps what is known of its request", () => {
    const context = { receivedAt: 1_760_000_000_000.5, transport: "grpc", metadata: new Map([["baggage", ["room_id=7"]]]) };
    const head = { node: "exchange/context_attach@traces", signal: "traces", context } as const;
    const bytes = Buffer.from([1, 2, 3]);
    const [frame] = readAll([encodeDeliver(5, head, bytes.length), bytes]);
    expect(frame).toMatchObject({ kind: FRAME.deliver, id: 5 });
    expect(decodeDeliver(frame?.body ?? Buffer.alloc(0))).toEqual({ head, bytes });
  });
});

describe("the outcome of a part", () => {
  const error = new PipelineError("later", { code: "unavailable", retryable: true, retryAfterMs: 20 });
  const outcomes: readonly Outcome[] = [
    { kind: "dropped", reason: "sampled" },
    { kind: "refused", error },
    { kind: "failed", error: PipelineError.invalid("bad"), items: 3 },
  ];

  it.each(outcomes)("$kind comes back as it was", (outcome) => {
    const [frame] = readAll([encodeOutcome(1, outcome)]);
    expect(frame?.kind).toBe(FRAME.outcome);
    const back = decodeOutcome(frame?.body ?? Buffer.alloc(0));
    expect(back).toEqual(outcome);
    if (back.kind === "refused") expect(back.error).toMatchObject({ retryAfterMs: 20, retryable: true });
  });

  it("needs no body when it was delivered", () => {
    expect(readAll([encodeOutcome(7, { kind: "delivered" })])).toEqual([{ kind: FRAME.delivered, id: 7, body: Buffer.alloc(0) }]);
  });
});
