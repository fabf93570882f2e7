import type { ValueForm } from "../object/decode.ts";
import { decodeMessage } from "../object/decode.ts";
import type { MessageName } from "../schema/index.ts";
import { base64Of } from "./base64.ts";

/**
 * A message in strict OTLP/JSON: lowerCamelCase names, 64-bit integers as decimal strings, ids in lower-case hexadecimal, bytes
 * in base64, enums as numbers, "NaN" and "Infinity" as strings. Unknown fields and defaults are left out.
 *
 * @throws WireError on malformed bytes.
 */
export function encodeJson(message: MessageName, bytes: Uint8Array): string {
  return JSON.stringify(decodeMessage(message, bytes, JSON_FORM));
}

const JSON_FORM: ValueForm = {
  integer64: String,
  bytes: base64Of,
  double: (value) => {
    if (!Number.isFinite(value)) return String(value);
    // JSON.stringify writes -0 as 0; as a string, which every reader of doubles takes, the sign stays.
    return Object.is(value, -0) ? "-0" : value;
  },
};
