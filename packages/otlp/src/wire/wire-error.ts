/** Closed list of what can be wrong with OTLP input. */
export type WireErrorCode =
  /** the bytes end inside a varint or a fixed-width value */
  | "truncated"
  /** a length prefix runs past the end of the message that holds it */
  | "length"
  /** a varint is longer than ten bytes or does not fit 64 bits */
  | "varint"
  /** field number 0, a field number above 2^29-1, or an unknown wire type */
  | "tag"
  /** a known field has another wire type than OTLP gives it, or a group */
  | "wire_type"
  /** a string field is not UTF-8 */
  | "utf8"
  /** values are nested deeper than the limit */
  | "depth"
  /** OTLP/JSON text that is not JSON or does not fit the OTLP mapping */
  | "json"
  /** more than the limit allows */
  | "too_large";

/** A path in a message keeps its ends: deeply nested values have paths of kilobytes. */
const PATH_ENDS = 80;

function shorten(path: string): string {
  return path.length <= 2 * PATH_ENDS ? path : `${path.slice(0, PATH_ENDS)}…${path.slice(-PATH_ENDS)}`;
}

/** Thrown for every malformed OTLP input; nothing else is thrown for bad bytes. */
export class WireError extends Error {
  override readonly name = "WireError";
  readonly code: WireErrorCode;
  /** Bytes from the start of the message, or of the OTLP/JSON text as UTF-8. */
  readonly offset: number;
  /** Field names from the request down, "resource_spans.scope_spans.spans"; "" at the top. */
  readonly path: string;

  constructor(code: WireErrorCode, offset: number, path: string, detail: string) {
    super(`${code} at byte ${offset}${path === "" ? "" : ` in ${shorten(path)}`}: ${detail}`);
    this.code = code;
    this.offset = offset;
    this.path = path;
  }
}
