import { readAnswers } from "./http1-answers.ts";
import { BodyMaker, type RequestBody } from "./request-body.ts";
import type { Tape } from "./tape.ts";
import { kindOf, type Target, type Verdict } from "./target.ts";
import { playScript, type WireScript } from "./wire-script.ts";

const METHODS = ["POST", "POST", "POST", "POST", "GET", "PUT", "OPTIONS", "HEAD", "DELETE", "CONNECT", "post", "PATCH", "PRI", "P\0ST"];
const VERSIONS = ["HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/9", "", "HTTP/1.1 "];
const PATHS = [
  "/v1/nothing",
  "/",
  "*",
  "http://x/v1/traces",
  "/v1/traces?a=b",
  "/v1/traces/",
  "//",
  "/%00",
  "/\u00ff",
  "a b",
  "/".repeat(9000),
];
const ENCODINGS = ["gzip", "deflate", "zstd", "br", "GZIP", "identity", "gzip, gzip", "snappy"];
const LENGTHS = ["0", "1", "-1", "5000000", "99999999999999", "0x10", "1e3", "1, 1", "", " 7"];
const FIELDS = [
  "Connection: close",
  "Connection: keep-alive, upgrade",
  "Upgrade: h2c",
  "Expect: 100-continue",
  "Expect: what",
  "Accept-Encoding: gzip",
  "Origin: http://example.com",
  "Host: a\r\nHost: b",
  "Transfer-Encoding: gzip, chunked",
  "Transfer-Encoding: chunked",
  "Content-Length: 3",
  " folded: yes",
  "no colon",
  ": empty",
  "x: \u0001",
  "x: a\rb",
  `x: ${"y".repeat(20_000)}`,
  "te: trailers",
];

/** OTLP over HTTP/1.1: requests one behind the other on one connection, in pieces, with every part of them right or wrong. */
export class Http1Target implements Target {
  readonly name = "http1";
  readonly concurrency = 16;
  readonly share = 30;
  readonly #port: number;
  readonly #bodies = new BodyMaker();

  constructor(port: number) {
    this.#port = port;
  }

  async run(tape: Tape): Promise<Verdict> {
    const count = 1 + (tape.byte() >> 6);
    const requests = Array.from({ length: count }, () => this.#request(tape));
    const sound = requests.every((request) => request.sound);
    const script: WireScript = {
      steps: inPieces(Buffer.concat(requests.map(({ bytes }) => bytes)), tape),
      end: sound ? "answer" : tape.pick(["wait", "wait", "wait", "half", "half", "cut"]),
      reads: sound || !tape.chance(16),
    };
    const { received } = await playScript(this.#port, script, (bytes) => sound && readAnswers(bytes).answers.length >= count);
    const { answers, faults } = readAnswers(received);
    const kind = `${sound ? "sound " : ""}${answers.map(({ status, body }) => `${status} ${kindOf(body)}`).join(" | ")}`;
    if (faults.length > 0) return { kind, fault: `illegal answer: ${faults.join("; ")}\n${received.toString("latin1").slice(0, 1000)}` };
    if (sound && !(answers.length === count && answers.every(({ status }) => status === 200))) {
      return {
        kind,
        fault: `${count} sound requests were answered: ${answers.map(({ status, body }) => `${status} ${body}`).join(" | ")}`,
      };
    }
    return { kind };
  }

  #request(tape: Tape): { readonly bytes: Buffer; readonly sound: boolean } {
    const body = this.#bodies.make(tape, ENCODINGS, true);
    let sound = body.sound && ["", "gzip", "deflate", "zstd"].includes(body.encoding);
    /** Mostly what is right. */
    const or = <T>(right: T, wrong: readonly T[]): T => {
      if (!tape.chance(10)) return right;
      sound = false;
      return tape.pick(wrong);
    };
    const type = body.isJson ? "application/json" : "application/x-protobuf";
    const lines = [
      `${or("POST", METHODS)} ${or(`/v1/${body.signal}`, PATHS)} ${or("HTTP/1.1", VERSIONS)}`,
      or("Host: x", ["x: y"]),
      `Content-Type: ${or(type, ["text/plain", "", "application/json; charset=utf-8", `${type};`, "application/json, text/plain"])}`,
    ];
    if (body.encoding !== "") lines.push(`Content-Encoding: ${body.encoding}`);
    for (let more = tape.chance(24) ? 1 + tape.below(3) : 0; more > 0; more--) {
      lines.push(tape.pick(FIELDS));
      sound = false;
    }
    const isChunked = tape.byte() >= 128;
    lines.push(isChunked ? "Transfer-Encoding: chunked" : `Content-Length: ${or(String(body.packed.length), LENGTHS)}`);
    const end = or("\r\n", ["\n", "\r", ""]);
    const framed = isChunked ? this.#chunked(body, tape, () => (sound = false)) : body.packed;
    return { bytes: Buffer.concat([Buffer.from(`${lines.join(end)}${end}${end}`, "latin1"), framed]), sound };
  }

  #chunked({ packed }: RequestBody, tape: Tape, spoil: () => void): Buffer {
    const parts: Buffer[] = [];
    for (let at = 0; at < packed.length;) {
      const size = Math.max(1, Math.min(packed.length - at, tape.below(2) === 0 ? packed.length : tape.below(300)));
      let head = size.toString(16);
      if (tape.chance(4)) {
        spoil();
        head = tape.pick([
          `${head};a=b`,
          `0${head}`,
          `-${head}`,
          "zz",
          `${head}0`,
          " ",
          `${head}\r`,
          "ffffffffffffffff",
          `${head};${"e".repeat(20_000)}`,
        ]);
      }
      parts.push(Buffer.from(`${head}\r\n`), packed.subarray(at, at + size), Buffer.from("\r\n"));
      at += size;
    }
    if (!tape.chance(8)) return Buffer.concat([...parts, Buffer.from("0\r\n\r\n")]);
    spoil();
    return Buffer.concat([
      ...parts,
      Buffer.from(tape.pick(["", "0\r\n", "0\r\nx: y\r\n\r\n", "0\n\n", "0\r\n:\r\n\r\n", "00000\r\n\r\n"])),
    ]);
  }
}

/** Bytes as a client may hand them over: at once, or cut with pauses between. */
export function inPieces(bytes: Buffer, tape: Tape): (Buffer | number)[] {
  const steps: (Buffer | number)[] = [];
  let at = 0;
  for (let cuts = tape.chance(64) ? tape.below(6) : 0; cuts > 0 && at < bytes.length; cuts--) {
    const next = Math.min(bytes.length, at + 1 + tape.below(200));
    steps.push(bytes.subarray(at, next), 1 + tape.below(8));
    at = next;
  }
  return [...steps, bytes.subarray(at)];
}
