import { readdirSync, readFileSync } from "node:fs";
import protobuf from "protobufjs";
import type { Signal } from "./payload.ts";

const PROTO_FOLDER = new URL("../../packages/otlp/src/testdata/proto/", import.meta.url);

/** The message of a whole request. `Export<signal>ServiceRequest` has the same fields. */
export const DATA_TYPES: Readonly<Record<Signal, string>> = {
  traces: "otlp.TracesData",
  metrics: "otlp.MetricsData",
  logs: "otlp.LogsData",
};

/** The message of an answer. */
export const RESPONSE_TYPES: Readonly<Record<Signal, string>> = {
  traces: "otlp.ExportTraceServiceResponse",
  metrics: "otlp.ExportMetricsServiceResponse",
  logs: "otlp.ExportLogsServiceResponse",
};

/** A message as plain data: lowerCamelCase keys, 64-bit integers as text, bytes in base64, enums as numbers, unset fields absent. */
export type PlainMessage = Readonly<Record<string, unknown>>;

/** Reads the .proto files that the reference codecs use. */
export function protoRoot(): protobuf.Root {
  const root = new protobuf.Root();
  for (const file of readdirSync(PROTO_FOLDER).sort()) protobuf.parse(readFileSync(new URL(file, PROTO_FOLDER), "utf8"), root);
  root.resolveAll();
  return root;
}

/** Encodes and decodes any message of the .proto files with protobufjs, which shares no code with the product. */
export class ProtoTypes {
  readonly #root = protoRoot();

  encode(type: string, message: PlainMessage): Buffer {
    const found = this.#root.lookupType(type);
    return Buffer.from(found.encode(found.fromObject(message)).finish());
  }

  /** Throws when the bytes are not such a message. */
  decode(type: string, bytes: Uint8Array): PlainMessage {
    const found = this.#root.lookupType(type);
    return found.toObject(found.decode(bytes), { longs: String, bytes: String, json: true });
  }
}
