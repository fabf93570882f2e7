import { decodeMessage } from "../object/decode.ts";
import { encodeMessage } from "../object/encode.ts";
import type { MessageName, Signal } from "../schema/index.ts";

/** The partial success of an export: how many items were refused and why. Zero with a message is a warning. */
export interface PartialSuccess {
  readonly rejected: number;
  readonly message: string;
}

interface ResponseShape {
  readonly message: MessageName;
  readonly rejected: "rejectedSpans" | "rejectedDataPoints" | "rejectedLogRecords";
}

const SHAPES: Readonly<Record<Signal, ResponseShape>> = {
  traces: { message: "ExportTraceServiceResponse", rejected: "rejectedSpans" },
  metrics: { message: "ExportMetricsServiceResponse", rejected: "rejectedDataPoints" },
  logs: { message: "ExportLogsServiceResponse", rejected: "rejectedLogRecords" },
};

/** `Export<Signal>ServiceResponse` bytes. Without `partial` it is the full success: no bytes. */
export function encodeExportResponse(signal: Signal, partial?: PartialSuccess): Uint8Array {
  return encodeMessage(SHAPES[signal].message, responseTree(signal, partial));
}

/**
 * Reads an `Export<Signal>ServiceResponse`; a full success gives `{ rejected: 0, message: "" }`.
 *
 * @throws WireError on malformed bytes.
 */
export function decodeExportResponse(signal: Signal, bytes: Uint8Array): PartialSuccess {
  return partialOf(signal, decodeMessage(SHAPES[signal].message, bytes));
}

/** The message as a tree of the schema's JSON names. */
function responseTree(signal: Signal, partial: PartialSuccess | undefined): object {
  if (partial === undefined) return {};
  return { partialSuccess: { [SHAPES[signal].rejected]: partial.rejected, errorMessage: partial.message } };
}

function partialOf(signal: Signal, tree: Readonly<Record<string, unknown>>): PartialSuccess {
  const partial = (tree["partialSuccess"] ?? {}) as Readonly<Record<string, unknown>>;
  return { rejected: Number(partial[SHAPES[signal].rejected] ?? 0), message: String(partial["errorMessage"] ?? "") };
}
