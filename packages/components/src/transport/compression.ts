import { constants, gunzip, gzip, inflate, zstdCompress, zstdDecompress, type CompressCallback } from "node:zlib";
import { ownBytes } from "./body-buffer.ts";

/** Content encodings that a request body can come in. `zlib` and `deflate` are the same format (RFC 1950), as in the Collector. */
export type ContentEncoding = "gzip" | "zstd" | "zlib" | "deflate";

/** Why a body could not be unpacked. `too_large` means that the limit stopped it, whatever came after. */
export interface DecompressFault {
  readonly kind: "too_large" | "corrupt";
  readonly message: string;
}

const MIN_CHUNK = 16 << 10;
const MAX_CHUNK = 4 << 20;
/** RFC 9659: a zstd window for HTTP content is at most 8 MiB. */
const ZSTD_WINDOW_LOG = 23;

export function isContentEncoding(name: string): name is ContentEncoding {
  return name === "gzip" || name === "zstd" || name === "zlib" || name === "deflate";
}

/** Unpacks on a thread of the libuv pool. Stops as soon as the output would pass `limit` bytes. */
export function decompress(
  encoding: ContentEncoding,
  bytes: Uint8Array,
  limit: number,
  done: (fault: DecompressFault | undefined, bytes: Buffer) => void,
): void {
  const headerFault = checkHeader(encoding, bytes);
  if (headerFault !== undefined) return done(headerFault, Buffer.alloc(0));
  const callback: CompressCallback = (error, result) => {
    if (error === null) return done(undefined, ownBytes(result));
    const tooLarge = (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
    done(
      tooLarge ? { kind: "too_large", message: `more than ${limit} bytes` } : { kind: "corrupt", message: `${encoding}: ${error.message}` },
      Buffer.alloc(0),
    );
  };
  const options = { maxOutputLength: limit, chunkSize: outputChunk(encoding, bytes, limit) };
  if (encoding === "gzip") gunzip(bytes, options, callback);
  else if (encoding === "zstd")
    zstdDecompress(bytes, { ...options, params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG } }, callback);
  else inflate(bytes, options, callback);
}

/** Packs on a thread of the libuv pool. `level` is the algorithm's own scale; undefined takes its standard. */
export function compress(encoding: "gzip" | "zstd", bytes: Uint8Array, level: number | undefined): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const callback: CompressCallback = (error, result) => (error === null ? resolve(result) : reject(error));
    const chunkSize = Math.min(MAX_CHUNK, Math.max(MIN_CHUNK, bytes.length >> 2));
    if (encoding === "gzip") gzip(bytes, { chunkSize, ...(level === undefined ? {} : { level }) }, callback);
    else
      zstdCompress(
        bytes,
        { chunkSize, ...(level === undefined ? {} : { params: { [constants.ZSTD_c_compressionLevel]: level } }) },
        callback,
      );
  });
}

/** The texts for a wrong first bytes are the Collector's own, so that searches for them end in the same place. */
function checkHeader(encoding: ContentEncoding, bytes: Uint8Array): DecompressFault | undefined {
  if (encoding === "gzip" && !(bytes[0] === 0x1f && bytes[1] === 0x8b)) return { kind: "corrupt", message: "gzip: invalid header" };
  const zstdMagic = bytes[0] === 0x28 && bytes[1] === 0xb5 && bytes[2] === 0x2f && bytes[3] === 0xfd;
  if (encoding === "zstd" && !zstdMagic) return { kind: "corrupt", message: "invalid input: magic number mismatch" };
  return undefined;
}

/**
 * One trip to the thread pool per output chunk: with the right size there is one trip and no joining. A gzip body ends in its
 * unpacked length; that is a hint from outside, so it is believed up to 4 MiB only.
 */
function outputChunk(encoding: ContentEncoding, bytes: Uint8Array, limit: number): number {
  let guess = bytes.length * 8;
  const n = bytes.length;
  if (encoding === "gzip" && n >= 18) {
    guess = ((bytes[n - 4] ?? 0) | ((bytes[n - 3] ?? 0) << 8) | ((bytes[n - 2] ?? 0) << 16) | ((bytes[n - 1] ?? 0) << 24)) >>> 0;
  }
  return Math.max(MIN_CHUNK, Math.min(guess + 1, limit + 1, MAX_CHUNK));
}
