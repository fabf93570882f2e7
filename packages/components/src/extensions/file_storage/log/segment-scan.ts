import {
  ALIGNMENT,
  decodeEnd,
  decodeRecordHeader,
  decodeSegmentHeader,
  payloadIsWhole,
  END_MAGIC_BYTES,
  hasSalt,
  recordIsCutOff,
  RECORD_HEADER_BYTES,
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
 * on for the next header of the same segment. Undefined where nothing at all can be read. `knownSalt` is what was noted of the segment: it
 * counts where its header is damaged.
 */
export function scanSegment(bytes: Buffer, knownSalt?: number): SegmentScan | undefined {
  const start = beginningOf(bytes, knownSalt);
  if (start === undefined) return undefined;
  const { salt, isReused } = start;
  const records: ScannedRecord[] = [];
  const damage: Damage[] = [];
  let { durableBelow } = start;
  let idBefore: number | undefined;
  let endId: number | undefined;
  for (let at = SEGMENT_HEADER_BYTES; at < bytes.length;) {
    const found = headerAt(bytes, at, salt);
    if (found === undefined) {
      endId = isReused ? decodeEnd(bytes, at, salt) : undefined;
      const gap = endId === undefined ? gapAt(bytes, at, start, idBefore) : undefined;
      if (gap === undefined) break;
      damage.push(gap);
      at = gap.idBehind === undefined ? bytes.length : at + gap.bytes;
      continue;
    }
    const last = damage.at(-1);
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
  const { firstId, headerDamaged } = start;
  const scan = { salt, firstId, headerDamaged, records, damage, durableBelow: Math.max(durableBelow, endId ?? 0) };
  // A reused file ends late. What was being written when the process ended has no end mark behind it; what of it was answered, its ids tell.
  return isReused ? { ...scan, damage: damage.map((each) => ({ ...each, torn: endId === undefined })) } : scan;
}

/** What cannot be read between `at` and the next that can. */
function gapAt(bytes: Buffer, at: number, { salt, isReused }: Beginning, idBefore: number | undefined): Damage {
  const next = nextRecord(bytes, at + 1, salt) ?? (isReused ? nextEnd(bytes, at + 1, salt) : undefined);
  // Of what follows in a reused file nobody knows how much belongs to it.
  const end = next?.at ?? (isReused ? Math.min(bytes.length, at + RECORD_HEADER_BYTES) : bytes.length);
  return { at, bytes: end - at, torn: end === bytes.length && isBeginning(bytes, at), idBefore, idBehind: next?.id };
}

type Beginning = Pick<SegmentScan, "salt" | "firstId" | "headerDamaged" | "durableBelow"> & { readonly isReused: boolean };

/** What the header says; where that is damaged, what the first record lets us know of it. */
function beginningOf(bytes: Buffer, knownSalt: number | undefined): Beginning | undefined {
  const header = decodeSegmentHeader(bytes);
  if (header !== undefined) return { ...header, headerDamaged: false, durableBelow: header.firstId };
  const first = knownSalt === undefined ? firstOfNewest(bytes) : nextRecord(bytes, SEGMENT_HEADER_BYTES, knownSalt)?.header;
  if (first === undefined) return undefined;
  const { salt, id: firstId, durableBelow } = first;
  return { salt, firstId, headerDamaged: true, durableBelow, isReused: nextEnd(bytes, 0, salt) !== undefined };
}

/**
 * The first record that can be read of the segment that was the last to be written to a file: that with the highest ids. Undefined where only
 * its end can be read, and records of one before.
 */
function firstOfNewest(bytes: Buffer): RecordHeader | undefined {
  let first = headerAt(bytes, SEGMENT_HEADER_BYTES, undefined);
  if (first !== undefined) return first;
  let highest = -1;
  for (let next = nextRecord(bytes, 0, undefined); next !== undefined; next = nextRecord(bytes, next.at + next.header.bytes, undefined)) {
    if (next.header.salt !== first?.salt && next.id > highest) first = next.header;
    highest = Math.max(highest, next.id);
  }
  const end = lastEnd(bytes);
  return end !== undefined && end.id > highest && end.salt !== first?.salt ? undefined : first;
}

/** Whether the bytes from `at` on are what was written so far of a record, or room that was never written. */
function isBeginning(bytes: Buffer, at: number): boolean {
  return recordIsCutOff(bytes, at) || bytes.subarray(at).every((byte) => byte === 0);
}

function headerAt(bytes: Buffer, at: number, salt: number | undefined): RecordHeader | undefined {
  const header = decodeRecordHeader(bytes, at);
  return header !== undefined && (salt === undefined || header.salt === salt) ? header : undefined;
}

interface Next {
  readonly at: number;
  /** Of the record, or of the one that would follow the end. */
  readonly id: number;
}

function nextRecord(bytes: Buffer, from: number, salt: number | undefined): (Next & { readonly header: RecordHeader }) | undefined {
  for (let at = bytes.indexOf(RECORD_MAGIC_BYTES, from); at !== -1; at = bytes.indexOf(RECORD_MAGIC_BYTES, at + 1)) {
    if (at % ALIGNMENT !== 0 || (salt !== undefined && !hasSalt(bytes, at, salt))) continue;
    const header = headerAt(bytes, at, salt);
    if (header !== undefined) return { at, id: header.id, header };
  }
  return undefined;
}

function nextEnd(bytes: Buffer, from: number, salt: number): Next | undefined {
  for (let at = bytes.indexOf(END_MAGIC_BYTES, from); at !== -1; at = bytes.indexOf(END_MAGIC_BYTES, at + 1)) {
    const id = at % ALIGNMENT === 0 ? decodeEnd(bytes, at, salt) : undefined;
    if (id !== undefined) return { at, id };
  }
  return undefined;
}

/** The end mark of any segment with the highest id. */
function lastEnd(bytes: Buffer): { readonly id: number; readonly salt: number } | undefined {
  let last: { readonly id: number; readonly salt: number } | undefined;
  for (let at = bytes.indexOf(END_MAGIC_BYTES); at !== -1; at = bytes.indexOf(END_MAGIC_BYTES, at + 1)) {
    if (at % ALIGNMENT !== 0 || at + 12 > bytes.length) continue;
    const salt = bytes.readUInt32LE(at + 8);
    const id = decodeEnd(bytes, at, salt);
    if (id !== undefined && id > (last?.id ?? -1)) last = { id, salt };
  }
  return last;
}
