import type { Signal } from "../schema/index.ts";
import { ROOT_MESSAGES } from "../schema/index.ts";
import { decodeJson } from "./decode.ts";
import { encodeJson } from "./encode.ts";

/**
 * The OTLP request body of OTLP/JSON text; see `decodeJson` for what is accepted. The result is sound and needs no validation.
 *
 * @throws WireError "json", "utf8" or "depth" with offset and path; "too_large" for a result of more than `maxBytes`.
 */
export function bytesFromJson(signal: Signal, text: string | Uint8Array, maxBytes?: number): Uint8Array {
  return decodeJson(ROOT_MESSAGES[signal], text, maxBytes);
}

/**
 * Strict OTLP/JSON text of an OTLP request body.
 *
 * @throws WireError on malformed bytes.
 */
export function jsonFromBytes(signal: Signal, bytes: Uint8Array): string {
  return encodeJson(ROOT_MESSAGES[signal], bytes);
}
