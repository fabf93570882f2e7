import { parseJson } from "../json/parse.ts";
import { decodeMessage } from "../object/decode.ts";
import { encodeMessage } from "../object/encode.ts";
import { WireError } from "../wire/wire-error.ts";

/** google.rpc.Status as OTLP uses it: the body of every failed request. */
export interface RpcStatus {
  /** gRPC status code */
  readonly code: number;
  readonly message: string;
  /** delay of an attached google.rpc.RetryInfo: the sender may try again after so many milliseconds */
  readonly retryDelayMs?: number;
}

/** Type URL of the RetryInfo detail in a Status. */
const RETRY_INFO_TYPE = "type.googleapis.com/google.rpc.RetryInfo";

/** google.rpc.Status bytes, with a RetryInfo detail when there is a retry delay. */
export function encodeStatus(status: RpcStatus): Uint8Array {
  return encodeMessage("google.rpc.Status", statusTree(status));
}

/**
 * Reads google.rpc.Status bytes. Details other than RetryInfo are ignored.
 *
 * @throws WireError on malformed bytes.
 */
export function decodeStatus(bytes: Uint8Array): RpcStatus {
  return statusOf(decodeMessage("google.rpc.Status", bytes));
}

/** google.rpc.Status in JSON; the RetryInfo detail is written as protobuf's JSON mapping writes Any and Duration. */
export function statusToJson(status: RpcStatus): string {
  const { code, message, retryDelayMs } = status;
  if (retryDelayMs === undefined) return JSON.stringify({ code, message });
  const { seconds, nanos } = durationOf(retryDelayMs);
  const fraction = nanos === 0 ? "" : `.${String(nanos).padStart(9, "0").replace(/0+$/, "")}`;
  return JSON.stringify({ code, message, details: [{ "@type": RETRY_INFO_TYPE, retryDelay: `${seconds}${fraction}s` }] });
}

/**
 * Reads google.rpc.Status in JSON; a missing code is 2 (UNKNOWN), for OTLP lets servers leave it out.
 *
 * @throws WireError "json" when the text is not JSON or not an object.
 */
export function statusFromJson(text: string | Uint8Array): RpcStatus {
  const tree = parseJson(text) as StatusJson | null;
  if (typeof tree !== "object" || tree === null || Array.isArray(tree)) throw new WireError("json", 0, "", "expected an object");
  const status = { code: typeof tree.code === "number" ? tree.code : 2, message: typeof tree.message === "string" ? tree.message : "" };
  const details = Array.isArray(tree.details) ? (tree.details as readonly DetailJson[]) : [];
  const delay = details.find((detail) => isRetryInfo(detail?.["@type"]))?.retryDelay;
  const seconds = typeof delay === "string" && /^\d+(\.\d+)?s$/.test(delay) ? Number(delay.slice(0, -1)) : undefined;
  return seconds === undefined ? status : { ...status, retryDelayMs: Math.round(seconds * 1e9) / 1e6 };
}

interface StatusJson {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly details?: unknown;
}

interface DetailJson {
  readonly "@type"?: unknown;
  readonly retryDelay?: unknown;
}

interface StatusTree {
  readonly code?: number;
  readonly message?: string;
  readonly details?: readonly { readonly typeUrl?: string; readonly value?: Uint8Array }[];
}

interface RetryInfoTree {
  readonly retryDelay?: { readonly seconds?: bigint; readonly nanos?: number };
}

function statusTree(status: RpcStatus): StatusTree {
  const { code, message, retryDelayMs } = status;
  if (retryDelayMs === undefined) return { code, message };
  const { seconds, nanos } = durationOf(retryDelayMs);
  const value = encodeMessage("google.rpc.RetryInfo", { retryDelay: { seconds: BigInt(seconds), nanos } });
  return { code, message, details: [{ typeUrl: RETRY_INFO_TYPE, value }] };
}

function statusOf(tree: StatusTree): RpcStatus {
  const status = { code: tree.code ?? 0, message: tree.message ?? "" };
  const detail = tree.details?.find((candidate) => isRetryInfo(candidate.typeUrl));
  if (detail === undefined) return status;
  const { retryDelay } = decodeMessage("google.rpc.RetryInfo", detail.value ?? new Uint8Array()) as RetryInfoTree;
  return { ...status, retryDelayMs: Number(retryDelay?.seconds ?? 0n) * 1000 + (retryDelay?.nanos ?? 0) / 1e6 };
}

function durationOf(milliseconds: number): { readonly seconds: number; readonly nanos: number } {
  const total = Math.round(milliseconds * 1e6);
  return { seconds: Math.floor(total / 1e9), nanos: total % 1e9 };
}

/** The host of a type URL is free; only the name after the last slash counts. */
function isRetryInfo(typeUrl: unknown): boolean {
  return typeof typeUrl === "string" && typeUrl.endsWith("/google.rpc.RetryInfo");
}
