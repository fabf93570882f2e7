import { decodeJson } from "../json/decode.ts";
import { encodeJson } from "../json/encode.ts";
import { decodeMessage } from "../object/decode.ts";
import { encodeMessage } from "../object/encode.ts";
import type { MessageName, Signal } from "../schema/index.ts";

/** The partial success of an export: how many items were refused and why. Zero with a message is a warning. */
export interface PartialSuccess {
  readonly rejected: number;
  readonly message: string;
}

interface ResponseTree {
  readonly partialSuccess?: Partial<Record<ResponseShape["rejected"], bigint>> & { readonly errorMessage?: string };
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
  const { message, rejected } = SHAPES[signal];
  const tree = partial && { partialSuccess: { [rejected]: partial.rejected, errorMessage: partial.message } };
  return encodeMessage(message, tree ?? {});
}

/**
 * Reads an `Export<Signal>ServiceResponse`; a full success gives `{ rejected: 0, message: "" }`.
 *
 * @throws WireError on malformed bytes.
 */
export function decodeExportResponse(signal: Signal, bytes: Uint8Array): PartialSuccess {
  const { message, rejected } = SHAPES[signal];
  const { partialSuccess }: ResponseTree = decodeMessage(message, bytes);
  return { rejected: Number(partialSuccess?.[rejected] ?? 0), message: partialSuccess?.errorMessage ?? "" };
}

/** The same answer in OTLP/JSON; the full success is `{}`. */
export function exportResponseToJson(signal: Signal, partial?: PartialSuccess): string {
  return encodeJson(SHAPES[signal].message, encodeExportResponse(signal, partial));
}

/**
 * Reads an answer in OTLP/JSON.
 *
 * @throws WireError "json" on malformed text.
 */
export function exportResponseFromJson(signal: Signal, text: string | Uint8Array): PartialSuccess {
  return decodeExportResponse(signal, decodeJson(SHAPES[signal].message, text));
}
