import type { StoredRecord } from "@tidemark/core";
import type { Signal } from "@tidemark/otlp";
import type { FileLayer, LogFile } from "./file-layer.ts";
import { decodeAttachment, decodeRecordHeader, payloadIsWhole, RECORD_HEADER_BYTES } from "./segment-format.ts";
import type { RecordPlace } from "./segment.ts";

/** A record that was whole when it was written, and is not any more. */
export interface DamagedRecord {
  readonly place: RecordPlace;
  readonly remains: Buffer;
  readonly signal: Signal;
}

/** Reads records of one segment, each into memory of its own: nobody keeps a neighbour alive. */
export async function readPlaces(
  files: FileLayer,
  places: readonly RecordPlace[],
): Promise<({ readonly record: StoredRecord } | DamagedRecord)[]> {
  const path = places[0]?.segment.path;
  if (path === undefined) return [];
  const file = await files.open(path);
  try {
    return await Promise.all(places.map((place) => readOne(file, place)));
  } finally {
    await file.close();
  }
}

async function readOne(file: LogFile, place: RecordPlace): Promise<{ readonly record: StoredRecord } | DamagedRecord> {
  const bytes = await file.read(place.bytes, place.at);
  const header = decodeRecordHeader(bytes, 0);
  if (header === undefined || header.id !== place.id || header.salt !== place.segment.salt || !payloadIsWhole(bytes, 0, header)) {
    return { place, remains: bytes, signal: header?.signal ?? "traces" };
  }
  const { id, signal, items, receivedAt, payloadAt, payloadBytes } = header;
  const attachment = decodeAttachment(bytes.subarray(RECORD_HEADER_BYTES, payloadAt));
  return { record: { id, signal, items, receivedAt, bytes: bytes.subarray(payloadAt, payloadAt + payloadBytes), ...attachment } };
}
