import { TYPE } from "../frame.ts";
import { FrameReader } from "../frame-reader.ts";

/** A frame as it was read; of DATA the content without padding. */
export interface SeenFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

/** Reads frames in pieces of any size. DATA is joined again. */
export function readFrames(chunks: readonly Buffer[]): SeenFrame[] {
  const seen: SeenFrame[] = [];
  let data: { streamId: number; flags: number; parts: Buffer[] } | undefined;
  const reader = new FrameReader({
    onFrame: (type, flags, streamId, payload) => void seen.push({ type, flags, streamId, payload: Buffer.from(payload) }),
    onDataStart: (streamId, _length, flags) => void (data = { streamId, flags, parts: [] }),
    onDataChunk(chunk) {
      data?.parts.push(Buffer.from(chunk));
      return true;
    },
    onDataEnd: () => {
      if (data !== undefined) {
        seen.push({ type: TYPE.DATA, flags: data.flags, streamId: data.streamId, payload: Buffer.concat(data.parts) });
      }
      data = undefined;
    },
  });
  for (const chunk of chunks) reader.push(chunk, 0);
  return seen;
}

/** Cuts bytes at the given places. */
export function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b);
  return sorted.slice(1).map((end, index) => bytes.subarray(sorted[index], end));
}
