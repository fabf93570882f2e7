import { decodeUtf8, encodeUtf8 } from "../wire/utf8.ts";
import { JsonScanner } from "./json-scanner.ts";

/**
 * `JSON.parse` for small texts of unknown shape, with the offset in errors.
 *
 * @throws WireError "json", "utf8" or "depth".
 */
export function parseJson(text: string | Uint8Array): unknown {
  const bytes = typeof text === "string" ? encodeUtf8(text) : text;
  const scanner = new JsonScanner(bytes);
  scanner.skip();
  scanner.finish();
  return JSON.parse(decodeUtf8(bytes, 0, bytes.length));
}
