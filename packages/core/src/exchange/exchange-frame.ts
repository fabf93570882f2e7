import type { Signal } from "@tidemark/otlp";
import type { DeliveryContext } from "../contract/delivery.ts";
import { DELIVERED, type Outcome } from "../contract/outcome.ts";
import { PipelineError, type PipelineErrorCode } from "../contract/pipeline-error.ts";

/*
 * Wire layout between workers, little endian:
 *
 *   u32 length of the rest | u8 kind | u32 id | body
 *
 * Body of `deliver`: u32 length of the head, head (JSON), OTLP bytes. Bodies of `outcome`, `turned_away`, `ask` and `reply` are
 * JSON; the others have none. Answers carry the id of what they answer.
 */
export const FRAME = { deliver: 1, delivered: 2, outcome: 3, turnedAway: 4, ask: 5, reply: 6, ping: 7, pong: 8 } as const;

/** Length and kind and id. */
export const FRAME_HEADER_BYTES = 9;
const LENGTH_BYTES = 4;
const HEAD_LENGTH_BYTES = 4;
const EMPTY = Buffer.alloc(0);

/** What a part of a batch carries beside its bytes. */
export interface DeliverHead {
  /** The exchange node that it is for. */
  readonly node: string;
  readonly signal: Signal;
  readonly context: DeliveryContext;
}

interface ErrorJson {
  readonly message: string;
  readonly code: PipelineErrorCode;
  readonly retryable: boolean;
  readonly retryAfterMs?: number | undefined;
}

type OutcomeJson =
  | { readonly kind: "delivered" }
  | { readonly kind: "dropped"; readonly reason: string }
  | { readonly kind: "refused"; readonly error: ErrorJson }
  | { readonly kind: "failed"; readonly error: ErrorJson; readonly items: number };

/** A frame with its body; `length` bytes more will follow from elsewhere. */
export function encodeFrame(kind: number, id: number, body: Uint8Array = EMPTY, length = 0): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + body.length);
  frame.writeUInt32LE(FRAME_HEADER_BYTES - LENGTH_BYTES + body.length + length, 0);
  frame.writeUInt8(kind, 4);
  frame.writeUInt32LE(id, 5);
  frame.set(body, FRAME_HEADER_BYTES);
  return frame;
}

/** A frame whose body is JSON. */
export function encodeJsonFrame(kind: number, id: number, value: unknown): Buffer {
  return encodeFrame(kind, id, Buffer.from(JSON.stringify(value) ?? "null"));
}

/** Everything of a `deliver` frame that stands before its `length` OTLP bytes. */
export function encodeDeliver(id: number, head: DeliverHead, length: number): Buffer {
  const json = Buffer.from(JSON.stringify(head, mapsAsEntries));
  const body = Buffer.allocUnsafe(HEAD_LENGTH_BYTES + json.length);
  body.writeUInt32LE(json.length, 0);
  body.set(json, HEAD_LENGTH_BYTES);
  return encodeFrame(FRAME.deliver, id, body, length);
}

/** Reads the body of a `deliver` frame; the bytes share memory with it. */
export function decodeDeliver(body: Buffer): { readonly head: DeliverHead; readonly bytes: Uint8Array } {
  const end = HEAD_LENGTH_BYTES + body.readUInt32LE(0);
  return { head: JSON.parse(body.toString("utf8", HEAD_LENGTH_BYTES, end), entriesAsMaps) as DeliverHead, bytes: body.subarray(end) };
}

/** The answer to a `deliver` frame. */
export function encodeOutcome(id: number, outcome: Outcome): Buffer {
  if (outcome.kind === "delivered") return encodeFrame(FRAME.delivered, id);
  const json: OutcomeJson = "error" in outcome ? { ...outcome, error: errorJson(outcome.error) } : outcome;
  return encodeJsonFrame(FRAME.outcome, id, json);
}

/** The answer to a `deliver` frame that was not even looked at. */
export function encodeTurnedAway(id: number, error: PipelineError): Buffer {
  return encodeJsonFrame(FRAME.turnedAway, id, errorJson(error));
}

/** Reads the body of an `outcome` frame. */
export function decodeOutcome(body: Buffer): Outcome {
  const json = JSON.parse(body.toString()) as OutcomeJson;
  if (json.kind === "delivered") return DELIVERED;
  return "error" in json ? { ...json, error: errorOf(json.error) } : json;
}

/** Reads the body of a `turned_away` frame. */
export function decodeTurnedAway(body: Buffer): PipelineError {
  return errorOf(JSON.parse(body.toString()) as ErrorJson);
}

function mapsAsEntries(_key: string, value: unknown): unknown {
  return value instanceof Map ? { entries: [...value] } : value;
}

function entriesAsMaps(_key: string, value: unknown): unknown {
  const isMap = typeof value === "object" && value !== null && "entries" in value && Array.isArray(value.entries);
  return isMap ? new Map(value.entries as [string, unknown][]) : value;
}

function errorJson({ message, code, retryable, retryAfterMs }: PipelineError): ErrorJson {
  return { message, code, retryable, retryAfterMs };
}

function errorOf({ message, retryAfterMs, ...rest }: ErrorJson): PipelineError {
  return new PipelineError(message, { ...rest, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
}
