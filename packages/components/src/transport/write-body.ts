import type { Writable } from "node:stream";

/** HTTP/2 streams account for every byte that is queued on them: large bodies are handed over in pieces of this size. */
const PIECE_BYTES = 256 << 10;

/** Writes `chunks` and ends the stream, in one gathering write. For HTTP/1.1, where the socket takes what it can. */
export function writeAtOnce(stream: Writable, chunks: readonly Uint8Array[]): void {
  const [only] = chunks;
  if (chunks.length === 1 && only !== undefined) return void stream.end(only);
  stream.cork();
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
}

/**
 * Writes `chunks` and ends the stream; for HTTP/2. Small bodies leave in one gathering write; large ones piece by piece, each after the one
 * before has left, so that a peer with a small window neither fills memory nor trips the session's memory limit.
 */
export function writeBody(stream: Writable, chunks: readonly Uint8Array[], length: number): void {
  if (length <= PIECE_BYTES) return writeAtOnce(stream, chunks);
  let index = 0;
  let offset = 0;
  const pump = (): void => {
    while (!stream.destroyed) {
      const chunk = chunks[index];
      if (chunk === undefined) return void stream.end();
      const piece = chunk.subarray(offset, offset + PIECE_BYTES);
      offset += PIECE_BYTES;
      if (offset >= chunk.length) {
        index += 1;
        offset = 0;
      }
      if (!stream.write(piece)) return void stream.once("drain", pump);
    }
  };
  pump();
}
