import type { Signal } from "../schema/index.ts";
import { ROOT_MESSAGES } from "../schema/index.ts";
import { decodeMessage } from "./decode.ts";
import { encodeMessage } from "./encode.ts";
import type { MetricsData } from "./metric-types.ts";
import type { LogsData, TracesData } from "./types.ts";

export type * from "./metric-types.ts";
export type * from "./types.ts";

/** The object form of each signal's request body. */
export interface SignalData {
  readonly traces: TracesData;
  readonly metrics: MetricsData;
  readonly logs: LogsData;
}

/**
 * An OTLP request body as plain objects. Unknown fields are left out.
 *
 * @throws WireError on malformed bytes.
 */
export function dataFromBytes<S extends Signal>(signal: S, bytes: Uint8Array): SignalData[S] {
  return decodeMessage(ROOT_MESSAGES[signal], bytes);
}

/**
 * The OTLP request body for plain objects.
 *
 * @throws TypeError that names the property, when a value does not fit its field.
 */
export function bytesFromData<S extends Signal>(signal: S, data: SignalData[S]): Uint8Array {
  return encodeMessage(ROOT_MESSAGES[signal], data);
}
