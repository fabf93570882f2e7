import { decodeMessage } from "../object/decode.ts";
import { encodeMessage } from "../object/encode.ts";

/** google.rpc.Status as OTLP uses it: the body of every failed request. */
export interface RpcStatus {
  /** gRPC status code */
  readonly code: number;
  readonly message: string;
  /** delay of an attached google.rpc.RetryInfo: the sender may try again after so many milliseconds */
  readonly retryDelayMs?: number;
}

/** Type URL of the RetryInfo detail in a Status. */
export const RETRY_INFO_TYPE = "type.googleapis.com/google.rpc.RetryInfo";

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
  return statusOf(decodeMessage("google.rpc.Status", bytes) as StatusTree);
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
  const nanos = Math.round(retryDelayMs * 1e6);
  const retryDelay = { seconds: BigInt(Math.floor(nanos / 1e9)), nanos: nanos % 1e9 };
  return { code, message, details: [{ typeUrl: RETRY_INFO_TYPE, value: encodeMessage("google.rpc.RetryInfo", { retryDelay }) }] };
}

function statusOf(tree: StatusTree): RpcStatus {
  const status = { code: tree.code ?? 0, message: tree.message ?? "" };
  const detail = tree.details?.find((candidate) => candidate.typeUrl?.endsWith("/google.rpc.RetryInfo"));
  if (detail === undefined) return status;
  const { retryDelay } = decodeMessage("google.rpc.RetryInfo", detail.value ?? new Uint8Array()) as RetryInfoTree;
  return { ...status, retryDelayMs: Number(retryDelay?.seconds ?? 0n) * 1000 + (retryDelay?.nanos ?? 0) / 1e6 };
}
