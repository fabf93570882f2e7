import { crc32 } from "node:zlib";
import type { NewRecord } from "@tidemark/core";
import type { Signal } from "@tidemark/otlp";

// A segment is a header and then records, each at a multiple of 8 bytes, numbers little-endian.
//
// Segment header, 32 bytes          Record header, 56 bytes
//  0  8  "TIDELOG1"                  0  4  magic
//  8  4  salt of the segment         4  4  CRC-32 of bytes 8 … 56 and of the attachment
// 12  4  1 in a reused file, else 0  8  4  salt of its segment
// 16  8  id of the first record     12  4  CRC-32 of the payload
// 24  4  CRC-32 of bytes 0 … 24     16  4  length of the payload
// 28  4  0                          20  4  length of the attachment
//                                   24  8  id
// A record is its header, the       32  8  all ids below this one were on the disk before this record was written
// attachment (JSON: transport and   40  8  received at, ms since the epoch (float)
// metadata), the payload and up     48  4  items
// to 7 bytes of padding.            52  1  signal; 3 bytes 0
//
// Behind the last record of a       End mark, 24 bytes
// reused file there is what the      0  4  magic
// file held before, with other       4  4  CRC-32 of bytes 8 … 24
// salts. So each group is written    8  4  salt of its segment
// with a mark of its end, and the   12  4  0
// next one begins on top of that.   16  8  id of the next record

/** Bytes in front of the first record. */
export const SEGMENT_HEADER_BYTES = 32;
/** Fixed part of each record. */
export const RECORD_HEADER_BYTES = 56;
/** Records begin at multiples of this. */
export const ALIGNMENT = 8;

const SEGMENT_MAGIC = Buffer.from("TIDELOG1", "latin1");
const RECORD_MAGIC = 0x8a52_c0d7;
const END_MAGIC = 0x8a52_c0d8;
const END_BYTES = 24;
const REUSED = 1;
const SIGNALS: readonly Signal[] = ["traces", "metrics", "logs"];
const PADDING: readonly Uint8Array[] = Array.from({ length: ALIGNMENT }, (_, length) => new Uint8Array(length));

/** What the header of a segment says. */
export interface SegmentHeader {
  readonly salt: number;
  readonly firstId: number;
  /** Its file was that of another segment before: records of that one may follow behind its end. */
  readonly isReused: boolean;
}

/** What the header of a record says, and where its parts are: offsets from the beginning of the record. */
export interface RecordHeader {
  readonly salt: number;
  readonly payloadCrc: number;
  readonly payloadAt: number;
  readonly payloadBytes: number;
  /** Whole record with its padding. */
  readonly bytes: number;
  readonly id: number;
  /** All ids below this one were on the disk before this record was written. */
  readonly durableBelow: number;
  readonly receivedAt: number;
  readonly items: number;
  readonly signal: Signal;
}

/** What a record says beside its payload and its fixed fields. */
interface Attachment {
  readonly transport: string;
  readonly metadata?: readonly (readonly [string, readonly string[]])[];
}

/** Writes the header of a segment. */
export function encodeSegmentHeader({ salt, firstId, isReused }: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES);
  SEGMENT_MAGIC.copy(bytes);
  bytes.writeUInt32LE(salt, 8);
  bytes.writeUInt32LE(isReused ? REUSED : 0, 12);
  bytes.writeBigUInt64LE(BigInt(firstId), 16);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 24)), 24);
  return bytes;
}

/** Reads the header of a segment; undefined where it is damaged. */
export function decodeSegmentHeader(bytes: Buffer): SegmentHeader | undefined {
  if (bytes.length < SEGMENT_HEADER_BYTES || !bytes.subarray(0, 8).equals(SEGMENT_MAGIC)) return undefined;
  if (bytes.readUInt32LE(24) !== crc32(bytes.subarray(0, 24))) return undefined;
  return { salt: bytes.readUInt32LE(8), firstId: Number(bytes.readBigUInt64LE(16)), isReused: bytes.readUInt32LE(12) === REUSED };
}

/** Writes what follows the last record of a group in a reused file. */
export function encodeEnd({ salt, nextId }: { readonly salt: number; readonly nextId: number }): Buffer {
  const bytes = Buffer.alloc(END_BYTES);
  bytes.writeUInt32LE(END_MAGIC, 0);
  bytes.writeUInt32LE(salt, 8);
  bytes.writeBigUInt64LE(BigInt(nextId), 16);
  bytes.writeUInt32LE(crc32(bytes.subarray(8)), 4);
  return bytes;
}

/** The id behind the end mark at `at`; undefined where there is none of this segment. */
export function decodeEnd(bytes: Buffer, at: number, salt: number): number | undefined {
  if (at + END_BYTES > bytes.length || bytes.readUInt32LE(at) !== END_MAGIC || bytes.readUInt32LE(at + 8) !== salt) return undefined;
  if (bytes.readUInt32LE(at + 4) !== crc32(bytes.subarray(at + 8, at + END_BYTES))) return undefined;
  return Number(bytes.readBigUInt64LE(at + 16));
}

/** JSON of what has no fixed place in the header. */
export function encodeAttachment({ transport, metadata }: Pick<NewRecord, "transport" | "metadata">): Buffer {
  const attachment: Attachment = { transport, ...(metadata === undefined ? {} : { metadata: [...metadata] }) };
  return Buffer.from(JSON.stringify(attachment));
}

/** Reads what `encodeAttachment` wrote and the checksum of the header has covered. */
export function decodeAttachment(bytes: Buffer): Pick<NewRecord, "transport" | "metadata"> {
  const { transport, metadata } = JSON.parse(bytes.toString("utf8")) as Attachment;
  return { transport, ...(metadata === undefined ? {} : { metadata: new Map(metadata) }) };
}

/** Adds one record to `buffers`, without copying its payload; gives the bytes that it takes in the file. */
export function pushRecord(
  buffers: Uint8Array[],
  record: NewRecord,
  place: { readonly id: number; readonly salt: number; readonly durableBelow: number },
): number {
  const attachment = encodeAttachment(record);
  const head = Buffer.allocUnsafe(RECORD_HEADER_BYTES + attachment.length);
  head.writeUInt32LE(RECORD_MAGIC, 0);
  head.writeUInt32LE(place.salt, 8);
  head.writeUInt32LE(crc32(record.bytes), 12);
  head.writeUInt32LE(record.bytes.length, 16);
  head.writeUInt32LE(attachment.length, 20);
  head.writeBigUInt64LE(BigInt(place.id), 24);
  head.writeBigUInt64LE(BigInt(place.durableBelow), 32);
  head.writeDoubleLE(record.receivedAt, 40);
  head.writeUInt32LE(record.items, 48);
  head.writeUInt32LE(SIGNALS.indexOf(record.signal), 52);
  attachment.copy(head, RECORD_HEADER_BYTES);
  head.writeUInt32LE(crc32(head.subarray(8)), 4);
  const length = head.length + record.bytes.length;
  const padding = PADDING[alignedLength(length) - length] ?? new Uint8Array(0);
  buffers.push(head, record.bytes);
  if (padding.length > 0) buffers.push(padding);
  return length + padding.length;
}

/** The record header at `at`; undefined where there is no undamaged one. The payload is not looked at and may be cut off. */
export function decodeRecordHeader(bytes: Buffer, at: number): RecordHeader | undefined {
  if (at + RECORD_HEADER_BYTES > bytes.length || bytes.readUInt32LE(at) !== RECORD_MAGIC) return undefined;
  const attachmentEnd = at + RECORD_HEADER_BYTES + bytes.readUInt32LE(at + 20);
  if (attachmentEnd > bytes.length || bytes.readUInt32LE(at + 4) !== crc32(bytes.subarray(at + 8, attachmentEnd))) return undefined;
  const signal = SIGNALS[bytes.readUInt8(at + 52)];
  if (signal === undefined) return undefined;
  const payloadAt = attachmentEnd - at;
  const payloadBytes = bytes.readUInt32LE(at + 16);
  return {
    salt: bytes.readUInt32LE(at + 8),
    payloadCrc: bytes.readUInt32LE(at + 12),
    payloadAt,
    payloadBytes,
    bytes: alignedLength(payloadAt + payloadBytes),
    id: Number(bytes.readBigUInt64LE(at + 24)),
    durableBelow: Number(bytes.readBigUInt64LE(at + 32)),
    receivedAt: bytes.readDoubleLE(at + 40),
    items: bytes.readUInt32LE(at + 48),
    signal,
  };
}

/** Whether the record header or end mark at `at`, if it is one, is of the segment with this salt. */
export function hasSalt(bytes: Buffer, at: number, salt: number): boolean {
  return at + 12 <= bytes.length && bytes.readUInt32LE(at + 8) === salt;
}

/** Whether the file ends inside of the header or the attachment of a record at `at`. */
export function recordIsCutOff(bytes: Buffer, at: number): boolean {
  const left = bytes.length - at;
  if (left < RECORD_HEADER_BYTES) return true;
  return bytes.readUInt32LE(at) === RECORD_MAGIC && RECORD_HEADER_BYTES + bytes.readUInt32LE(at + 20) > left;
}

/** Whether the payload is there and is the one that was written. */
export function payloadIsWhole(bytes: Buffer, at: number, { payloadAt, payloadBytes, payloadCrc }: RecordHeader): boolean {
  const start = at + payloadAt;
  return start + payloadBytes <= bytes.length && crc32(bytes.subarray(start, start + payloadBytes)) === payloadCrc;
}

/** The next multiple of `ALIGNMENT`. */
export function alignedLength(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT;
}

/** Bytes that begin a record: to look for the next one behind damage. */
export const RECORD_MAGIC_BYTES: Uint8Array = Uint8Array.of(0xd7, 0xc0, 0x52, 0x8a);
/** Bytes that begin an end mark. */
export const END_MAGIC_BYTES: Uint8Array = Uint8Array.of(0xd8, 0xc0, 0x52, 0x8a);
