import type { StoredRecord } from "@tidemark/core";
import type { Signal } from "@tidemark/otlp";
import type { FileLayer, LogFile } from "../disk/file-layer.ts";
import { decodeAttachment, decodeRecordHeader, payloadIsWhole, RECORD_HEADER_BYTES } from "./segment-format.ts";
import type { RecordPlace } from "./segment.ts";

/** A record that was whole when it was written, and is not any more. */
export interface DamagedRecord {
  readonly place: RecordPlace;
  readonly remains: Buffer;
  readonly signal: Signal;
}

/** A record that was read: whole, or what is left of it. */
export type FoundRecord = { readonly record: StoredRecord } | DamagedRecord;

/** Records that lie side by side are read together up to here. While one of them is kept, so are the others of its read. */
const MOST_RUN_BYTES = 256 * 1024;

/** Reads records of one segment, in their order. */
export async function readPlaces(files: FileLayer, places: readonly RecordPlace[]): Promise<FoundRecord[]> {
  const path = places[0]?.segment.path;
  if (path === undefined) return [];
  const file = await files.open(path);
  try {
    const runs = await Promise.all(runsOf(places).map((run) => readRun(file, run)));
    return runs.flat();
  } finally {
    await file.close();
  }
}

/** Records without a gap between them. */
interface Run {
  readonly places: RecordPlace[];
  readonly at: number;
  bytes: number;
}

function runsOf(places: readonly RecordPlace[]): readonly Run[] {
  const runs: Run[] = [];
  let run: Run | undefined;
  for (const place of places) {
    if (run === undefined || place.at !== run.at + run.bytes || run.bytes + place.bytes > MOST_RUN_BYTES) {
      run = { places: [], at: place.at, bytes: 0 };
      runs.push(run);
    }
    run.places.push(place);
    run.bytes += place.bytes;
  }
  return runs;
}

async function readRun(file: LogFile, { places, at, bytes: length }: Run): Promise<FoundRecord[]> {
  const bytes = await file.read(length, at);
  return places.map((place) => decode(bytes.subarray(place.at - at, place.at - at + place.bytes), place));
}

function decode(bytes: Buffer, place: RecordPlace): FoundRecord {
  const header = decodeRecordHeader(bytes, 0);
  if (header === undefined || header.id !== place.id || header.salt !== place.segment.salt || !payloadIsWhole(bytes, 0, header)) {
    return { place, remains: bytes, signal: header?.signal ?? "traces" };
  }
  const { id, signal, items, receivedAt, payloadAt, payloadBytes } = header;
  const attachment = decodeAttachment(bytes.subarray(RECORD_HEADER_BYTES, payloadAt));
  return { record: { id, signal, items, receivedAt, bytes: bytes.subarray(payloadAt, payloadAt + payloadBytes), ...attachment } };
}
