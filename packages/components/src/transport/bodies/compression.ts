import { constants, gunzip, gunzipSync, inflate, inflateSync, zstdDecompress, zstdDecompressSync, type CompressCallback } from "node:zlib";
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
const ZSTD_PARAMS = { [constants.ZSTD_d_windowLogMax]: 23 } as const;
/** What is unpacked to this much takes 0.1 to 0.2 ms, on which nothing else has to wait for long. */
const SMALL_BYTES = 128 << 10;
const NOTHING = Buffer.alloc(0);

export function isContentEncoding(name: string): name is ContentEncoding {
  return name === "gzip" || name === "zstd" || name === "zlib" || name === "deflate";
}

/** Unpacked bytes for one packed byte, where the body does not tell. Telemetry shrinks to a tenth or so. */
const USUAL_RATIO = 10;
const MOST_RATIO = 32;

/**
 * How many bytes the body says, or is likely, to unpack to; at least 16 KiB. It may lie both ways: reserve this much, and
 * unpack with it as the limit.
 */
export function unpackedSize(encoding: ContentEncoding, bytes: Uint8Array): number {
  return Math.max(MIN_CHUNK, toldSize(encoding, bytes) ?? bytes.length * MOST_RATIO);
}

function toldSize(encoding: ContentEncoding, bytes: Uint8Array): number | undefined {
  if (encoding === "gzip") return gzipSize(bytes);
  return encoding === "zstd" ? zstdSize(bytes) : undefined;
}

/** RFC 1952: a member ends in its unpacked length modulo 2^32. */
function gzipSize(bytes: Uint8Array): number | undefined {
  return bytes.length < 18 ? undefined : littleEndian(bytes, bytes.length - 4, 4);
}

/**
 * RFC 8878 3.1.1.1:  magic (4)  descriptor (1)  window (0-1)  dictionary id (0-4)  frame content size (0-8)
 * Descriptor: bits 7-6 width of the size, 5 single segment (no window byte), 1-0 width of the dictionary id.
 */
function zstdSize(bytes: Uint8Array): number | undefined {
  const descriptor = bytes[4] ?? 0;
  const single = (descriptor >> 5) & 1;
  const flag = descriptor >> 6;
  const width = flag === 0 ? single : 1 << flag;
  const at = 5 + (1 - single) + ((1 << (descriptor & 3)) >> 1);
  if (width === 0 || at + width > bytes.length) return undefined;
  return littleEndian(bytes, at, width) + (width === 2 ? 256 : 0);
}

function littleEndian(bytes: Uint8Array, at: number, width: number): number {
  let value = 0;
  for (let i = at + width - 1; i >= at; i--) value = value * 256 + (bytes[i] ?? 0);
  return value;
}

/**
 * Unpacks, and stops as soon as the output would pass `limit` bytes. Small bodies are unpacked at once: they take less time than the way
 * to a thread and back costs. Others go to the libuv pool.
 */
export function decompress(
  encoding: ContentEncoding,
  bytes: Uint8Array,
  limit: number,
  done: (fault: DecompressFault | undefined, bytes: Buffer) => void,
): void {
  const headerFault = checkHeader(encoding, bytes);
  if (headerFault !== undefined) return done(headerFault, NOTHING);
  const likely = Math.min(toldSize(encoding, bytes) ?? bytes.length * USUAL_RATIO, limit);
  if (likely <= SMALL_BYTES && bytes.length <= SMALL_BYTES) {
    const small = unpackNow(encoding, bytes, Math.min(limit, SMALL_BYTES), likely);
    if (small.fault?.kind !== "too_large" || limit <= SMALL_BYTES) return done(small.fault, small.bytes);
  }
  const callback: CompressCallback = (error, result) =>
    error === null ? done(undefined, ownBytes(result)) : done(faultOf(error, encoding, limit), NOTHING);
  const options = { maxOutputLength: limit, chunkSize: outputChunk(Math.min(unpackedSize(encoding, bytes), limit)) };
  if (encoding === "gzip") gunzip(bytes, options, callback);
  else if (encoding === "zstd") zstdDecompress(bytes, { ...options, params: ZSTD_PARAMS }, callback);
  else inflate(bytes, options, callback);
}

interface Unpacked {
  readonly fault: DecompressFault | undefined;
  readonly bytes: Buffer;
}

function unpackNow(encoding: ContentEncoding, bytes: Uint8Array, limit: number, likely: number): Unpacked {
  const options = { maxOutputLength: limit, chunkSize: outputChunk(likely) };
  try {
    if (encoding === "gzip") return { fault: undefined, bytes: ownBytes(gunzipSync(bytes, options)) };
    if (encoding === "zstd") return { fault: undefined, bytes: ownBytes(zstdDecompressSync(bytes, { ...options, params: ZSTD_PARAMS })) };
    return { fault: undefined, bytes: ownBytes(inflateSync(bytes, options)) };
  } catch (error) {
    return { fault: faultOf(error as Error, encoding, limit), bytes: NOTHING };
  }
}

function faultOf(error: Error, encoding: ContentEncoding, limit: number): DecompressFault {
  const tooLarge = (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
  return tooLarge
    ? { kind: "too_large", message: `more than ${limit} bytes` }
    : { kind: "corrupt", message: `${encoding}: ${error.message}` };
}

/** The texts for a wrong first bytes are the Collector's own, so that searches for them end in the same place. */
function checkHeader(encoding: ContentEncoding, bytes: Uint8Array): DecompressFault | undefined {
  if (encoding === "gzip" && !(bytes[0] === 0x1f && bytes[1] === 0x8b)) return { kind: "corrupt", message: "gzip: invalid header" };
  const zstdMagic = bytes[0] === 0x28 && bytes[1] === 0xb5 && bytes[2] === 0x2f && bytes[3] === 0xfd;
  if (encoding === "zstd" && !zstdMagic) return { kind: "corrupt", message: "invalid input: magic number mismatch" };
  return undefined;
}

/**
 * Memory for the output: with one byte more than is needed there is one trip to the thread pool and no joining. Hints from outside are
 * believed up to 4 MiB.
 */
function outputChunk(size: number): number {
  return Math.max(MIN_CHUNK, Math.min(size + 1, MAX_CHUNK));
}
