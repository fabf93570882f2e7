import { decodeStatus, statusFromJson } from "@tidemark/otlp";
import { gunzipSync } from "node:zlib";

/** One answer of HTTP/1.1. */
export interface Http1Answer {
  readonly status: number;
  /** As text; of a Status its message. */
  readonly body: string;
}

/** What OTLP and HTTP allow us to say. */
const LEGAL = new Set([200, 204, 400, 401, 403, 404, 405, 408, 411, 413, 414, 415, 417, 429, 431, 501, 503, 505]);
const INTERIM = 100;
const NO_CHUNKS = "0\r\n\r\n";

/** Reads the answers of one connection, as strictly as a client would. The last one may be cut off by the end of the connection. */
export function readAnswers(received: Buffer): { readonly answers: Http1Answer[]; readonly faults: string[] } {
  const answers: Http1Answer[] = [];
  const faults: string[] = [];
  let at = 0;
  while (at < received.length) {
    const end = received.indexOf("\r\n\r\n", at);
    if (end < 0) break;
    const { first, status, headers } = readHead(received.toString("latin1", at, end));
    at = end + 4;
    if (status === INTERIM) continue;
    if (!LEGAL.has(status)) faults.push(`status ${first}`);
    const body = bodyAt(received, at, headers);
    // Cut off.
    if (body === undefined) break;
    at += body.length;
    try {
      answers.push({ status, body: status === 200 ? "" : messageOf(body, headers) });
    } catch (error) {
      faults.push(`${first} is no Status: ${String(error)}`);
      break;
    }
  }
  return { answers, faults };
}

interface Head {
  readonly first: string;
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
}

function readHead(text: string): Head {
  const [first = "", ...lines] = text.split("\r\n");
  const status = Number(/^HTTP\/1\.1 (\d{3}) [\x20-\x7e]*$/.exec(first)?.[1] ?? 0);
  const headers = new Map(lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]));
  return { first, status, headers };
}

/** Undefined when it has not come in full. */
function bodyAt(received: Buffer, at: number, headers: ReadonlyMap<string, string>): Buffer | undefined {
  // Node's own words, before a request is handed over.
  if (headers.get("transfer-encoding") === "chunked" && received.toString("latin1", at, at + 5) === NO_CHUNKS)
    return Buffer.from(NO_CHUNKS);
  const length = Number(headers.get("content-length") ?? 0);
  const rest = received.subarray(at);
  // An answer to HEAD has a length and no body.
  if (rest.length === 0 || rest.toString("latin1", 0, 7) === "HTTP/1.") return rest.subarray(0, 0);
  return rest.length < length ? undefined : rest.subarray(0, length);
}

function messageOf(packed: Buffer, headers: ReadonlyMap<string, string>): string {
  const body = headers.get("content-encoding") === "gzip" ? gunzipSync(packed) : packed;
  const type = headers.get("content-type");
  if (body.length === 0 || headers.has("transfer-encoding")) return "";
  if (type === "application/json") return statusFromJson(body.toString("utf8")).message;
  if (type === "application/x-protobuf") return decodeStatus(body).message;
  throw new Error(`content-type ${type}`);
}
