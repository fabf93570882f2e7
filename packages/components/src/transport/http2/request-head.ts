import { ERROR, StreamError } from "./frame.ts";
import type { Field } from "./header-decoder.ts";

/** The head of a request. Pseudo-header fields keep their names, such as `:path`; repeated fields are joined with `, `. */
export type RequestHead = Readonly<Record<string, string>>;

const PSEUDO: ReadonlySet<string> = new Set([":method", ":scheme", ":path", ":authority"]);
/** RFC 9113 8.2.2: fields that speak of an HTTP/1.1 connection. */
const OF_CONNECTIONS: ReadonlySet<string> = new Set(["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"]);
/** RFC 9110 5.6.2, without the upper case that HTTP/2 forbids. */
const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
/** RFC 9113 8.2.1: NUL, LF and CR never, white space not at the ends. */
const BAD_VALUE = /[\0\r\n]|^[\t ]|[\t ]$/;

/**
 * Puts the fields of a request in order.
 * @throws StreamError for what RFC 9113 8.1 to 8.3 calls malformed.
 */
export function readRequestHead(fields: readonly Field[]): RequestHead {
  const head: Record<string, string> = Object.create(null) as Record<string, string>;
  let isRegular = false;
  for (const [name, value] of fields) {
    if (name.startsWith(":")) {
      checkPseudo(name, value, isRegular || name in head);
      head[name] = value;
      continue;
    }
    isRegular = true;
    checkRegular(name, value);
    const before = head[name];
    head[name] = before === undefined ? value : `${before}${name === "cookie" ? "; " : ", "}${value}`;
  }
  const isComplete = head[":method"] !== undefined && head[":scheme"] !== undefined && (head[":path"] ?? "") !== "";
  if (!isComplete || head[":method"] === "CONNECT") throw malformed("a request needs :method (not CONNECT), :scheme and :path");
  return head;
}

/** Checks the fields that follow the body. @throws StreamError */
export function checkTrailers(fields: readonly Field[]): void {
  for (const [name, value] of fields) checkRegular(name, value);
}

function checkPseudo(name: string, value: string, isMisplaced: boolean): void {
  if (isMisplaced || !PSEUDO.has(name)) throw malformed(`${JSON.stringify(name)} is unknown, doubled or too late`);
  if (BAD_VALUE.test(value)) throw malformed(`the value of ${JSON.stringify(name)} has characters that are not allowed`);
}

function checkRegular(name: string, value: string): void {
  if (!NAME.test(name) || OF_CONNECTIONS.has(name)) throw malformed(`the field ${JSON.stringify(name)} is not allowed`);
  if (name === "te" && value !== "trailers") throw malformed("te may only say trailers");
  if (BAD_VALUE.test(value)) throw malformed(`the value of ${JSON.stringify(name)} has characters that are not allowed`);
}

function malformed(message: string): StreamError {
  return new StreamError(ERROR.PROTOCOL_ERROR, message);
}
