import { join } from "node:path";
import type { Signal } from "@tidemark/otlp";
import type { FileLayer } from "../disk/file-layer.ts";
import { RECORD_HEADER_BYTES, SEGMENT_HEADER_BYTES } from "./segment-format.ts";
import { scanSegment, type Damage, type SegmentScan } from "./segment-scan.ts";
import { Segment, type SegmentMarks } from "./segment.ts";

/** Something that was acknowledged, is not delivered, and cannot be read any more. */
export interface Loss {
  readonly segment: Segment;
  /** Ids that are lost; none is known where a whole segment cannot be read. */
  readonly ids: readonly number[];
  /** Of the record where that is known, else of its neighbours. */
  readonly signal: Signal;
  readonly message: string;
  /** What is left of it; empty where nothing is. */
  readonly remains: Buffer;
  readonly damage?: Damage;
}

/** What the folder of one queue holds. */
export interface FoundLog {
  /** Segments with records that wait, oldest first. */
  readonly segments: readonly Segment[];
  readonly nextId: number;
  readonly nextNumber: number;
  readonly losses: readonly Loss[];
  /** Segments with nothing in them that waits: their files can go. */
  readonly finished: readonly Segment[];
  /** Numbers of segments whose files are gone. */
  readonly forgotten: readonly number[];
  /** Bytes at the ends of segments that were being written when the process ended: nobody was told that they are stored. */
  readonly tornBytes: number;
  readonly totals: { records: number; items: number; bytes: number };
}

const SEGMENT_NAME = /^(\d{10})\.log$/;

/** The file name of a segment. */
export function segmentName(number: number): string {
  return `${String(number).padStart(10, "0")}.log`;
}

/** Reads and checks all segments of a folder. Nothing is changed on the disk. */
export async function readLog(files: FileLayer, folder: string, marks: readonly SegmentMarks[]): Promise<FoundLog> {
  const numbers = (await files.list(folder)).flatMap((name) => SEGMENT_NAME.exec(name)?.[1] ?? []).map(Number);
  const found: Found = { segments: [], finished: [], losses: [], forgotten: [], tornBytes: 0, totals: { records: 0, items: 0, bytes: 0 } };
  for (const number of numbers.toSorted((a, b) => a - b)) {
    const path = join(folder, segmentName(number));
    const bytes = await readWhole(files, path);
    const known = marks.find((each) => each.number === number);
    const scan = scanSegment(bytes, known?.salt);
    if (scan === undefined || isOfEarlierLife(scan, number, [...marks, ...found.segments, ...found.finished]))
      takeUnreadable(found, { number, path, bytes, known });
    else takeSegment(found, { number, path, bytes, scan, known: known?.salt === scan.salt ? known : undefined });
  }
  takeMissing(found, marks, new Set(numbers));
  for (const { segment, ids } of found.losses) for (const id of ids) segment.nextId = Math.max(segment.nextId, id + 1);
  const segments = [...found.segments, ...found.finished, ...found.losses.map(({ segment }) => segment)];
  const nextId = segments.reduce((next, segment) => Math.max(next, segment.nextId), 1);
  const nextNumber = [...numbers, ...marks.map((each) => each.number)].reduce((next, number) => Math.max(next, number + 1), 1);
  return { ...found, nextId: marks.reduce((next, each) => Math.max(next, each.nextId), nextId), nextNumber };
}

/**
 * Whether what can be read in a file without a header is what it held before it was written again: ids grow with the numbers of segments, but for
 * one that was noted as lost behind the last record of a file.
 */
function isOfEarlierLife(
  { headerDamaged, firstId, records }: SegmentScan,
  number: number,
  others: readonly Pick<SegmentMarks, "number" | "nextId">[],
): boolean {
  const lastId = records.at(-1)?.header.id ?? firstId;
  return headerDamaged && others.some((each) => each.number < number && each.nextId - 1 > lastId);
}

interface Found {
  readonly segments: Segment[];
  readonly finished: Segment[];
  readonly losses: Loss[];
  readonly forgotten: number[];
  tornBytes: number;
  readonly totals: { records: number; items: number; bytes: number };
}

interface SegmentFile {
  readonly number: number;
  readonly path: string;
  readonly bytes: Buffer;
  readonly known: SegmentMarks | undefined;
}

interface Checked extends SegmentFile {
  readonly scan: SegmentScan;
}

function takeSegment(found: Found, { number, path, bytes, scan, known }: Checked): void {
  const segment = new Segment({ number, path, salt: scan.salt, firstId: known?.firstId ?? scan.firstId, size: bytes.length });
  if (known !== undefined) segment.adopt(known);
  const durableBelow = Math.max(scan.durableBelow, segment.nextId);
  let lastId = segment.firstId - 1;
  for (const { at, header } of scan.records) {
    if (header.id <= lastId) continue;
    lastId = header.id;
    if (!segment.add(header.id, at, header.bytes, header.items, header.payloadBytes)) continue;
    found.totals.records += 1;
    found.totals.items += header.items;
    found.totals.bytes += header.payloadBytes;
  }
  takeLosses(found, segment, { number, path, bytes, scan, known, durableBelow });
  segment.dirty = markUnanswered(segment, scan, durableBelow);
  (segment.live === 0 ? found.finished : found.segments).push(segment);
}

/**
 * Of a group that was being written when the process ended, a later record may be there and an earlier one not: nobody waits for that, and the
 * next start, which knows of the later one, must not miss it either. True when there was any.
 */
function markUnanswered(segment: Segment, { records, damage }: SegmentScan, durableBelow: number): boolean {
  if (!damage.some(({ torn }) => torn)) return false;
  const readable = new Set(records.map(({ header }) => header.id));
  let found = false;
  for (let id = durableBelow; id < segment.nextId; id += 1) {
    if (readable.has(id)) continue;
    segment.markRemoved(id);
    found = true;
  }
  return found;
}

/** All ids that must be there, are not done with, and cannot be read: by the damage that touches them, then those that are just not there. */
function takeLosses(
  found: Found,
  segment: Segment,
  { bytes, scan, known, durableBelow }: Checked & { readonly durableBelow: number },
): void {
  const signal = scan.records[0]?.header.signal ?? "traces";
  const missing = missingIds(segment, scan, durableBelow);
  for (const damage of scan.damage) {
    const ids = idsOf(segment, damage, durableBelow);
    if (ids.length === 0) {
      if (damage.torn) found.tornBytes += damage.bytes;
      if (!isUnknown(damage, scan, known)) continue;
      // The next id is noted as lost for damage behind the last record, so that the next start does not tell it again.
      if (damage.idBehind === undefined) ids.push(Math.max(segment.nextId, durableBelow, (damage.idBefore ?? 0) + 1));
    }
    for (const id of ids) missing.delete(id);
    const remains = Buffer.from(bytes.subarray(damage.at, damage.at + damage.bytes));
    const message = `${idsInWords(ids)} cannot be read: ${damage.bytes} bytes at ${damage.at} are damaged`;
    found.losses.push({ segment, ids, signal, message, remains, damage });
  }
  if (missing.size === 0) return;
  const ids = [...missing];
  found.losses.push({
    segment,
    ids,
    signal,
    message: `${idsInWords(ids)} cannot be read: the file is shorter than it was`,
    remains: Buffer.alloc(0),
  });
}

function missingIds(segment: Segment, scan: SegmentScan, durableBelow: number): Set<number> {
  const readable = new Set(scan.records.map(({ header }) => header.id));
  const missing = new Set<number>();
  for (let id = segment.firstId; id < durableBelow; id += 1) {
    if (!readable.has(id) && !segment.isRemoved(id)) missing.add(id);
  }
  return missing;
}

/** Whether damage may have cost a record whose id nobody knows, and no earlier start has told so. */
function isUnknown({ torn, header, idBefore, idBehind }: Damage, scan: SegmentScan, known: SegmentMarks | undefined): boolean {
  if (torn || header !== undefined) return false;
  if (idBehind === undefined) return (known?.nextId ?? 0) <= (idBefore === undefined ? (known?.firstId ?? 0) : idBefore + 1);
  return idBefore === undefined && scan.headerDamaged && known === undefined;
}

/** The ids that some damage has cost, without those that are done with and those that nobody was told are stored. */
function idsOf(segment: Segment, { header, torn, idBefore, idBehind }: Damage, durableBelow: number): number[] {
  const first = header?.id ?? (idBefore === undefined ? segment.firstId : idBefore + 1);
  const end = header === undefined ? (idBehind ?? durableBelow) : header.id + 1;
  const ids: number[] = [];
  for (let id = first; id < end; id += 1) if (!segment.isRemoved(id) && !(torn && id >= durableBelow)) ids.push(id);
  return ids;
}

function idsInWords(ids: readonly number[]): string {
  if (ids.length === 0) return "a record without a known id";
  return ids.length === 1 ? `the record ${ids[0]}` : `${ids.length} records (ids ${ids[0]} to ${ids.at(-1)})`;
}

function takeUnreadable(found: Found, { number, path, bytes, known }: SegmentFile): void {
  const segment = new Segment({ number, path, salt: known?.salt ?? 0, firstId: known?.firstId ?? 0, size: bytes.length });
  if (known !== undefined) segment.adopt(known);
  const ids: number[] = [];
  for (let id = segment.firstId; id < segment.nextId; id += 1) if (!segment.isRemoved(id)) ids.push(id);
  if (ids.length > 0)
    found.losses.push({ segment, ids, signal: "traces", message: `${idsInWords(ids)}: nothing in the file can be read`, remains: bytes });
  else if (bytes.length < SEGMENT_HEADER_BYTES + RECORD_HEADER_BYTES || bytes.every((byte) => byte === 0)) found.tornBytes += bytes.length;
  else if (known === undefined) {
    found.losses.push({ segment, ids, signal: "traces", message: `nothing in ${segmentName(number)} can be read`, remains: bytes });
  }
  found.finished.push(segment);
}

/** Files that are gone although records in them were not done with. */
function takeMissing(found: Found, marks: readonly SegmentMarks[], numbers: ReadonlySet<number>): void {
  for (const known of marks) {
    if (numbers.has(known.number)) continue;
    found.forgotten.push(known.number);
    const segment = new Segment({ ...known, path: segmentName(known.number), size: 0 });
    segment.adopt(known);
    const ids: number[] = [];
    for (let id = known.firstId; id < known.nextId; id += 1) if (!segment.isRemoved(id)) ids.push(id);
    const message = `${idsInWords(ids)} are lost: the file ${segmentName(known.number)} is gone`;
    if (ids.length > 0) found.losses.push({ segment, ids, signal: "traces", message, remains: Buffer.alloc(0) });
  }
}

async function readWhole(files: FileLayer, path: string): Promise<Buffer> {
  const file = await files.open(path);
  try {
    return await file.read(await file.size(), 0);
  } finally {
    await file.close();
  }
}
