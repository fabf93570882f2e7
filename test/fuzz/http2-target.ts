import { grpcPath } from "../lib/grpc.ts";
import { inPieces } from "./http1-target.ts";
import { readHttp2 } from "./http2-answers.ts";
import { varint } from "./message-writer.ts";
import { BodyMaker, type RequestBody } from "./request-body.ts";
import type { Tape } from "./tape.ts";
import type { Target, Verdict } from "./target.ts";
import { playScript, type WireScript } from "./wire-script.ts";

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const TYPE = { DATA: 0, HEADERS: 1, PRIORITY: 2, RESET: 3, SETTINGS: 4, PUSH: 5, PING: 6, GOAWAY: 7, WINDOW: 8, CONTINUATION: 9 } as const;
const END_STREAM = 1;
const ACK = 1;
const END_HEADERS = 4;
const STRANGE_FIELDS: readonly (readonly [string, string])[] = [
  [":path", "/"],
  [":unknown", "x"],
  ["Upper", "x"],
  ["connection", "close"],
  ["te", "gzip"],
  ["x", "\0"],
  ["x", "a\r\nb"],
  ["content-length", "7"],
  ["content-length", "x"],
  ["expect", "100-continue"],
  ["origin", "http://example.com"],
  ["grpc-timeout", "1m"],
  ["grpc-encoding", "br"],
  ["x", "y".repeat(4000)],
];
/** HPACK that is none, or means more than it says. */
const STRANGE_BLOCKS = [
  [0x80],
  [0xff, 0xff, 0xff, 0xff, 0x7f],
  [0x3f, 0xe2, 0x1f],
  [0x20],
  [0x40, 1, 0x61, 1, 0x62],
  [0xbe],
  [0x00, 0x85, 0xff],
];

/** A frame: length (24 bits), type, flags, stream, payload. */
function frame(type: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream >>> 0, 5);
  return Buffer.concat([head, payload]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

/** Literals without indexing, without Huffman (RFC 7541 6.2.2). */
function headerBlock(fields: readonly (readonly [string, string])[]): Buffer {
  const text = (value: string): Buffer => {
    const length =
      value.length < 127 ? Buffer.from([value.length]) : Buffer.concat([Buffer.from([127]), varint(BigInt(value.length - 127))]);
    return Buffer.concat([length, Buffer.from(value, "latin1")]);
  };
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]));
}

/** What is said on one connection while it is made up. */
interface Talk {
  readonly parts: Buffer[];
  /** Streams whose answer must be a success. */
  readonly sound: number[];
  nextStream: number;
  /** Whether everything so far obeys RFC 9113. */
  isLegal: boolean;
}

/** OTLP over gRPC, or over HTTP/2: frames, header blocks, gRPC messages and their content, each right or wrong. */
export class Http2Target implements Target {
  readonly name: string;
  readonly concurrency = 16;
  readonly share = 30;
  readonly #port: number;
  readonly #isGrpc: boolean;
  readonly #bodies = new BodyMaker();

  constructor(name: "grpc" | "http2", port: number) {
    this.name = name;
    this.#port = port;
    this.#isGrpc = name === "grpc";
  }

  async run(tape: Tape): Promise<Verdict> {
    const talk: Talk = { parts: [], sound: [], nextStream: 1, isLegal: true };
    if (tape.chance(4)) {
      talk.isLegal = false;
      talk.parts.push(tape.noise(tape.below(40)));
    }
    const settings = tape.chance(32) ? this.#settings(tape) : Buffer.alloc(0);
    if (settings.length > 0) talk.isLegal = false;
    talk.parts.push(PREFACE, frame(TYPE.SETTINGS, 0, 0, settings), frame(TYPE.SETTINGS, ACK, 0));
    for (let count = 1 + tape.below(4); count > 0; count--) {
      this.#request(talk, tape);
      if (tape.chance(48)) this.#other(talk, tape);
    }
    const { isLegal } = talk;
    const script: WireScript = {
      steps: inPieces(Buffer.concat(talk.parts), tape),
      end: isLegal ? "answer" : tape.pick(["wait", "wait", "wait", "half", "cut"]),
      reads: isLegal || !tape.chance(16),
    };
    const { received } = await playScript(
      this.#port,
      script,
      (bytes) => isLegal && talk.sound.every((id) => readHttp2(bytes).ended.has(id)),
    );
    const { answers, faults, ended } = readHttp2(received);
    const kind = `${isLegal ? "legal " : ""}${[...new Set(answers)].join(" | ").slice(0, 200)}`;
    if (faults.length > 0) return { kind, fault: `illegal answer: ${faults.join("; ")}\n${received.toString("hex").slice(0, 2000)}` };
    const missing = isLegal ? talk.sound.filter((id) => ended.get(id) !== "success") : [];
    if (missing.length === 0) return { kind };
    return { kind, fault: `sound requests on streams ${missing.join(", ")} were answered: ${answers.join(" | ")}` };
  }

  #request(talk: Talk, tape: Tape): void {
    const stream = talk.nextStream;
    talk.nextStream += 2;
    const grpc = this.#isGrpc;
    const body = this.#bodies.make(tape, grpc ? ["gzip", "zstd", "deflate"] : ["gzip", "deflate", "zstd"], !grpc);
    let sound = body.sound && !(grpc && body.encoding === "deflate");
    const fields: (readonly [string, string])[] = [
      [":method", "POST"],
      [":scheme", "http"],
      [":path", grpc ? grpcPath(body.signal) : `/v1/${body.signal}`],
      ["content-type", grpc ? "application/grpc" : body.isJson ? "application/json" : "application/x-protobuf"],
    ];
    if (body.encoding !== "") fields.push([grpc ? "grpc-encoding" : "content-encoding", body.encoding]);
    if (tape.chance(24)) {
      sound = false;
      fields.splice(tape.below(fields.length + 1), tape.below(3), tape.pick(STRANGE_FIELDS));
    }
    let block = headerBlock(fields);
    if (tape.chance(8)) {
      sound = talk.isLegal = false;
      block = Buffer.concat([block, Buffer.from(tape.pick(STRANGE_BLOCKS))]);
    }
    this.#headers(talk, tape, stream, block);
    const framed = grpc ? this.#framed(body, tape) : { message: body.packed, sound: true };
    if (!framed.sound) sound = false;
    if (!this.#data(talk, tape, stream, framed.message)) sound = false;
    if (sound) talk.sound.push(stream);
  }

  /** A gRPC message behind its flag and length. */
  #framed({ packed, encoding }: RequestBody, tape: Tape): { readonly message: Buffer; readonly sound: boolean } {
    const right = encoding === "" ? 0 : 1;
    const length = tape.chance(8) ? tape.pick([0, 1, packed.length + 1, 5_000_000, 0xffff_ffff]) : packed.length;
    const flag = tape.chance(8) ? tape.pick([2, 255, encoding === "" ? 1 : 0]) : right;
    const message = Buffer.concat([Buffer.from([flag]), uint32(length), packed]);
    return { message, sound: length === packed.length && flag === right };
  }

  /** In one frame, or cut into CONTINUATION frames. */
  #headers(talk: Talk, tape: Tape, stream: number, block: Buffer): void {
    if (block.length <= 16_000 && tape.byte() < 220) return void talk.parts.push(frame(TYPE.HEADERS, END_HEADERS, stream, block));
    const cut = Math.min(16_000, tape.below(block.length));
    talk.parts.push(frame(TYPE.HEADERS, 0, stream, block.subarray(0, cut)));
    if (tape.chance(8)) {
      talk.isLegal = false;
      this.#other(talk, tape);
    }
    talk.parts.push(frame(TYPE.CONTINUATION, END_HEADERS, stream, block.subarray(cut)));
  }

  /** False when the body does not come as it should. */
  #data(talk: Talk, tape: Tape, stream: number, message: Buffer): boolean {
    let at = 0;
    do {
      const size = Math.min(message.length - at, tape.byte() < 200 ? 16_384 : 1 + tape.below(400));
      const isEnd = at + size === message.length;
      if (tape.chance(3)) return this.#breakOff(talk, tape, stream);
      const piece = message.subarray(at, at + size);
      const endStream = isEnd && !tape.chance(24) ? END_STREAM : 0;
      const padding = tape.chance(8) && size < 16_000 ? tape.below(100) : -1;
      const padded = padding < 0 ? piece : Buffer.concat([Buffer.from([padding]), piece, Buffer.alloc(padding)]);
      talk.parts.push(frame(TYPE.DATA, endStream | (padding < 0 ? 0 : 8), stream, padded));
      at += size;
      // Clients often end a request by an empty frame.
      if (isEnd && endStream === 0) talk.parts.push(frame(TYPE.DATA, END_STREAM, stream));
      if (tape.chance(4)) this.#other(talk, tape);
    } while (at < message.length);
    return true;
  }

  /** The body goes no further. */
  #breakOff(talk: Talk, tape: Tape, stream: number): false {
    if (tape.byte() < 128) talk.parts.push(frame(TYPE.RESET, 0, stream, uint32(tape.below(14))));
    else talk.parts.push(frame(TYPE.HEADERS, END_HEADERS | END_STREAM, stream, headerBlock([["x-sum", "1"]])));
    return false;
  }

  /** A frame that is no request: allowed, or not. */
  #other(talk: Talk, tape: Tape): void {
    const stream = tape.pick([0, 1, talk.nextStream - 2, talk.nextStream, 2, 0x7fff_ffff]);
    const kind = tape.below(12);
    if (kind > 3) talk.isLegal = false;
    const frames: readonly (() => Buffer)[] = [
      () => frame(TYPE.PING, 0, 0, Buffer.alloc(8)),
      () => frame(TYPE.WINDOW, 0, 0, uint32(1 + tape.below(1000))),
      () => frame(0x10 + tape.below(200), tape.byte(), tape.below(100), tape.noise(tape.below(50))),
      () => frame(TYPE.SETTINGS, 0, 0, Buffer.alloc(0)),
      () => frame(TYPE.SETTINGS, 0, 0, this.#settings(tape)),
      () => frame(TYPE.WINDOW, 0, stream, uint32(tape.pick([0, 1, 0x7fff_ffff, 0xffff_ffff]))),
      () => frame(TYPE.RESET, 0, stream, tape.noise(tape.pick([4, 3, 5]))),
      () => frame(TYPE.PRIORITY, 0, stream, tape.noise(tape.pick([5, 4]))),
      () => frame(TYPE.GOAWAY, 0, 0, tape.noise(8)),
      () => frame(tape.below(10), tape.byte(), stream, tape.noise(tape.below(200))),
      () => frame(TYPE.DATA, tape.byte(), stream, tape.noise(tape.below(300))),
      () => tape.noise(tape.below(60)),
    ];
    talk.parts.push((frames[kind] as () => Buffer)());
  }

  #settings(tape: Tape): Buffer {
    const entries = Array.from({ length: tape.below(4) }, () => {
      const entry = Buffer.alloc(6);
      entry.writeUInt16BE(tape.below(8));
      entry.writeUInt32BE(tape.pick([0, 1, 100, 65_535, 16_384, 1 << 20, 0x7fff_ffff, 0xffff_ffff]), 2);
      return entry;
    });
    return Buffer.concat(entries);
  }
}
