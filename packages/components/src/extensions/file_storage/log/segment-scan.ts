import {
  ALIGNMENT,
  decodeRecordHeader,
  decodeSegmentHeader,
  payloadIsWhole,
  recordIsCutOff,
  RECORD_MAGIC_BYTES,
  SEGMENT_HEADER_BYTES,
  type RecordHeader,
} from "./segment-format.ts";

/** A record in a segment. */
export interface ScannedRecord {
  readonly at: number;
  readonly header: RecordHeader;
}

/** Something that cannot be read. */
export interface Damage {
  readonly at: number;
  readonly bytes: number;
  /** The record's header, where that is whole and only the payload is not. */
  readonly header?: RecordHeader;
  /** What a process leaves that ends while it writes: a beginning, and then the end of the file. */
  readonly torn: boolean;
  /** Id of the record in front of it; undefined at the beginning. */
  readonly idBefore: number | undefined;
  /** Id of the record behind it; undefined at the end. */
  idBehind: number | undefined;
}

/** What the bytes of one segment hold. */
export interface SegmentScan {
  readonly salt: number;
  readonly firstId: number;
  readonly headerDamaged: boolean;
  readonly records: readonly ScannedRecord[];
  readonly damage: readonly Damage[];
  /** Ids below this one were on the disk before the last record that can be read was written. */
  readonly durableBelow: number;
}

/**
 * Reads all records of a segment and checks every checksum. Damage costs the records that it touches: behind it the search goes
 * on for the next header of the same segment. Undefined where nothing at all can be read.
 */
export function scanSegment(bytes: Buffer): SegmentScan | undefined {
  const start = beginningOf(bytes);
  if (start === undefined) return undefined;
  const { salt } = start;
  const records: ScannedRecord[] = [];
  const damage: Damage[] = [];
  let { durableBelow } = start;
  let idBefore: number | undefined;
  let at = SEGMENT_HEADER_BYTES;
  while (at < bytes.length) {
    const found = headerAt(bytes, at, salt);
    const last = damage.at(-1);
    if (found === undefined) {
      const next = nextRecord(bytes, at + 1, salt);
      const end = next?.at ?? bytes.length;
      damage.push({ at, bytes: end - at, torn: end === bytes.length && isBeginning(bytes, at), idBefore, idBehind: next?.header.id });
      at = end;
      continue;
    }
    durableBelow = Math.max(durableBelow, found.durableBelow);
    if (last !== undefined) last.idBehind ??= found.id;
    if (payloadIsWhole(bytes, at, found)) records.push({ at, header: found });
    else {
      const torn = at + found.payloadAt + found.payloadBytes > bytes.length;
      damage.push({ at, bytes: Math.min(found.bytes, bytes.length - at), header: found, torn, idBefore, idBehind: undefined });
    }
    idBefore = found.id;
    at = Math.min(at + found.bytes, bytes.length);
  }
  return { ...start, records, damage, durableBelow };
}

/** What the header says; where that is damaged, what the first record lets us know of it. */
function beginningOf(bytes: Buffer): Pick<SegmentScan, "salt" | "firstId" | "headerDamaged" | "durableBelow"> | undefined {
  const header = decodeSegmentHeader(bytes);
  if (header !== undefined) return { ...header, headerDamaged: false, durableBelow: header.firstId };
  const first = nextRecord(bytes, 0, undefined)?.header;
  return first && { salt: first.salt, firstId: first.id, headerDamaged: true, durableBelow: first.durableBelow };
}

/** Whether the bytes from `at` on are what was written so far of a record, or room that was never written. */
function isBeginning(bytes: Buffer, at: number): boolean {
  return recordIsCutOff(bytes, at) || bytes.subarray(at).every((byte) => byte === 0);
}

function headerAt(bytes: Buffer, at: number, salt: number | undefined): RecordHeader | undefined {
  const header = decodeRecordHeader(bytes, at);
  return header !== undefined && (salt === undefined || header.salt === salt) ? header : undefined;
}

function nextRecord(bytes: Buffer, from: number, salt: number | undefined): ScannedRecord | undefined {
  for (let at = bytes.indexOf(RECORD_MAGIC_BYTES, from); at !== -1; at = bytes.indexOf(RECORD_MAGIC_BYTES, at + 1)) {
    if (at % ALIGNMENT !== 0) continue;
    const header = headerAt(bytes, at, salt);
    if (header !== undefined) return { at, header };
  }
  return undefined;
}
