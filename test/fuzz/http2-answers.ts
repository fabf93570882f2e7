/** What came back on one connection of HTTP/2. */
export interface Http2Answers {
  /** In words, such as `200 grpc-status 3`, `RST_STREAM 7`, `GOAWAY 1 text`. */
  readonly answers: string[];
  readonly faults: string[];
  /** Streams that were answered to their end, and how. */
  readonly ended: ReadonlyMap<number, "success" | "error">;
}

const TYPE = { DATA: 0, HEADERS: 1, RESET: 3, SETTINGS: 4, PING: 6, GOAWAY: 7, WINDOW: 8, CONTINUATION: 9 } as const;
const SERVER_TYPES: ReadonlySet<number> = new Set(Object.values(TYPE));
const HEAD_BYTES = 9;
const LARGEST = 16_384;
/** RFC 7541 appendix A, from index 8. */
const STATUS_BY_INDEX = [200, 204, 206, 304, 400, 404, 500];
const LEGAL_STATUS = new Set([100, 200, 204, 400, 401, 403, 404, 405, 408, 413, 415, 429, 503]);
/** What a gRPC server of OTLP has no reason to say: UNKNOWN, INTERNAL. */
const ILLEGAL_GRPC = new Set([2, 13]);

/** Reads the server's frames; holds each against RFC 9113. The last one may be cut off. */
export function readHttp2(received: Buffer): Http2Answers {
  const reader = new AnswerReader();
  // A client that did not say the preface is spoken to in HTTP/1.1, or not at all.
  if (received.length >= HEAD_BYTES && received[3] !== TYPE.SETTINGS) {
    const isHttp1 = received.toString("latin1", 0, HEAD_BYTES) === "HTTP/1.1 ";
    const faults = isHttp1 ? [] : ["it does not begin with SETTINGS"];
    return { answers: [received.toString("latin1", 0, 12)], faults, ended: reader.ended };
  }
  for (let at = 0; at + HEAD_BYTES <= received.length;) {
    const length = received.readUIntBE(at, 3);
    if (length > LARGEST) reader.faults.push(`a frame of ${length} bytes`);
    const end = at + HEAD_BYTES + length;
    if (end > received.length) break;
    reader.onFrame(
      received.readUInt8(at + 3),
      received.readUInt8(at + 4),
      received.readUInt32BE(at + 5),
      received.subarray(at + HEAD_BYTES, end),
    );
    at = end;
  }
  return reader;
}

class AnswerReader implements Http2Answers {
  readonly answers: string[] = [];
  readonly faults: string[] = [];
  readonly ended = new Map<number, "success" | "error">();
  readonly #statuses = new Map<number, string>();

  onFrame(type: number, flags: number, stream: number, payload: Buffer): void {
    if (!SERVER_TYPES.has(type)) this.faults.push(`a frame of type ${type} from the server`);
    else if (type === TYPE.GOAWAY) {
      this.answers.push(`GOAWAY ${payload.readUInt32BE(4)} ${payload.toString("utf8", 8).replace(/\d+/g, "#")}`);
    } else if (type === TYPE.RESET) {
      this.answers.push(`RST_STREAM ${payload.readUInt32BE(0)}`);
      if (!this.ended.has(stream)) this.ended.set(stream, "error");
    } else if (type <= TYPE.HEADERS) this.#onAnswer(type, (flags & 1) !== 0, stream, payload);
  }

  #onAnswer(type: number, isEnd: boolean, stream: number, payload: Buffer): void {
    if (this.ended.has(stream)) this.faults.push(`frame ${type} behind the end of stream ${stream}`);
    if (stream % 2 === 0) this.faults.push(`frame ${type} on stream ${stream}`);
    if (type === TYPE.DATA && !this.#statuses.has(stream)) this.faults.push(`data before the head on stream ${stream}`);
    const status = `${this.#statuses.get(stream) ?? ""}${type === TYPE.HEADERS ? this.#describe(payload) : ""}`;
    this.#statuses.set(stream, status);
    if (!isEnd) return;
    this.answers.push(status);
    this.ended.set(stream, /^200(?:grpc-status 0)?$/.test(status) ? "success" : "error");
  }

  /** The statuses in a header block: the server writes literals and entries of the static table only. */
  #describe(block: Buffer): string {
    const text = block.toString("latin1");
    const indexed = STATUS_BY_INDEX[(block[0] ?? 0) - 0x88];
    const literal = /^\x08\x03(\d{3})/.exec(text)?.[1];
    const status = literal === undefined ? indexed : Number(literal);
    const grpc = /grpc-status[\x01\x02](\d{1,2})/.exec(text)?.[1];
    if (status !== undefined && !LEGAL_STATUS.has(status)) this.faults.push(`status ${status}`);
    if (ILLEGAL_GRPC.has(Number(grpc))) this.faults.push(`grpc-status ${grpc}: ${text.replace(/[^\x20-\x7e]+/g, " ")}`);
    if (status === undefined && grpc === undefined) this.faults.push("a head without a status");
    return `${status ?? ""}${grpc === undefined ? "" : `grpc-status ${grpc}`}`;
  }
}
