import type { Writable } from "node:stream";

/** HTTP/2 streams account for every byte that is queued on them: large bodies are handed over by so many bytes at once. */
const GATHER_BYTES = 256 << 10;

/** Writes `chunks` and ends the stream, in one gathering write. For HTTP/1.1, where the socket takes what it can. */
export function writeAtOnce(stream: Writable, chunks: readonly Uint8Array[]): void {
  const [only] = chunks;
  if (chunks.length === 1 && only !== undefined) return void stream.end(only);
  stream.cork();
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
}

/**
 * Writes `chunks` and ends the stream; for HTTP/2. Small bodies leave in one gathering write; large ones in several, each after the one
 * before has left, so that a peer with a small window neither fills memory nor trips the session's memory limit.
 */
export function writeBody(stream: Writable, chunks: readonly Uint8Array[], length: number): void {
  if (length <= GATHER_BYTES) return writeAtOnce(stream, chunks);
  let index = 0;
  let offset = 0;
  const pump = (): void => {
    let room = GATHER_BYTES;
    stream.cork();
    while (room > 0 && !stream.destroyed) {
      const chunk = chunks[index];
      if (chunk === undefined) return void stream.end();
      const piece = chunk.subarray(offset, offset + room);
      room -= piece.length;
      offset += piece.length;
      if (offset === chunk.length) {
        index += 1;
        offset = 0;
      }
      stream.write(piece);
    }
    stream.once("drain", pump);
    stream.uncork();
  };
  pump();
}
