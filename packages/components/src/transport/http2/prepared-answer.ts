import { FLAG, HEAD_BYTES, TYPE, writeHead } from "./frame.ts";
import { encodeFields } from "./header-encoder.ts";
import type { Field } from "./header-decoder.ts";
import type { PreparedFrames } from "./outbox.ts";

/** An answer that is the same for every request: one head, one short message, one trailer. */
export interface PreparedAnswer extends PreparedFrames {
  readonly head: Buffer;
  /** What flow control counts. */
  readonly message: Buffer;
  readonly trailers: Buffer | undefined;
}

/** Where the stream id stands in the head of a frame. */
const ID_OFFSET = 5;

/** Prepares an answer of a head, a message (which may be empty) and trailers (which may be absent). */
export function prepareAnswer(head: readonly Field[], message: Buffer, trailers: readonly Field[] | undefined): PreparedAnswer {
  const headBlock = encodeFields(head);
  const trailerBlock = trailers === undefined ? undefined : encodeFields(trailers);
  const frames: { readonly type: number; readonly flags: number; readonly payload: Buffer }[] = [
    { type: TYPE.HEADERS, flags: FLAG.END_HEADERS, payload: headBlock },
  ];
  if (message.length > 0) frames.push({ type: TYPE.DATA, flags: 0, payload: message });
  if (trailerBlock !== undefined) frames.push({ type: TYPE.HEADERS, flags: FLAG.END_HEADERS, payload: trailerBlock });
  const idOffsets: number[] = [];
  const parts: Buffer[] = [];
  let length = 0;
  for (const [index, { type, flags, payload }] of frames.entries()) {
    const frameHead = Buffer.alloc(HEAD_BYTES);
    const end = index === frames.length - 1 ? FLAG.END_STREAM : 0;
    writeHead(frameHead, 0, payload.length, type, flags | end, 0);
    parts.push(frameHead, payload);
    idOffsets.push(length + ID_OFFSET);
    length += HEAD_BYTES + payload.length;
  }
  return { bytes: Buffer.concat(parts), idOffsets, head: headBlock, message, trailers: trailerBlock };
}
