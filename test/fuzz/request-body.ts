import { deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import type { Signal } from "../lib/payload.ts";
import { DATA_TYPES } from "../lib/proto-types.ts";
import { JsonWriter } from "./json-writer.ts";
import { MessageWriter } from "./message-writer.ts";
import type { Tape } from "./tape.ts";

export const SIGNALS: readonly Signal[] = ["traces", "metrics", "logs"];

/** The body of a request, before and after its content encoding. */
export interface RequestBody {
  readonly signal: Signal;
  readonly isJson: boolean;
  /** "": not packed. */
  readonly encoding: string;
  readonly packed: Buffer;
  /** Whether the receiver must take it. */
  readonly sound: boolean;
}

const PACK: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  "": (bytes) => bytes,
  gzip: (bytes) => gzipSync(bytes, { level: 1 }),
  deflate: (bytes) => deflateSync(bytes),
  zstd: (bytes) => zstdCompressSync(bytes),
};
const BOMB_BYTES = 6 << 20;

/** Makes bodies, sound and not, in the encodings named. */
export class BodyMaker {
  readonly #messages = new MessageWriter();
  readonly #texts = new JsonWriter();
  readonly #bombs = new Map<string, Buffer>();

  make(tape: Tape, encodings: readonly string[], withJson: boolean): RequestBody {
    const signal = tape.pick(SIGNALS);
    const isJson = withJson && tape.byte() >= 128;
    const encoding = tape.byte() < 128 ? "" : tape.pick(encodings);
    const { bytes, sound } = (isJson ? this.#texts : this.#messages).write(DATA_TYPES[signal], tape);
    const damage = tape.byte();
    if (damage >= 252) return { signal, isJson, encoding, packed: this.#bomb(encoding), sound: false };
    const packed = (PACK[encoding] ?? ((same: Buffer) => same))(bytes);
    if (damage < 226) return { signal, isJson, encoding, packed, sound: sound && encoding in PACK };
    const at = tape.below(packed.length + 1);
    const broken = damage < 240 ? packed.subarray(0, at) : Buffer.concat([packed.subarray(0, at), tape.noise(3), packed.subarray(at)]);
    return { signal, isJson, encoding, packed: broken, sound: false };
  }

  /** Zeroes beyond any limit of the collector under test. */
  #bomb(encoding: string): Buffer {
    const known = this.#bombs.get(encoding);
    if (known !== undefined) return known;
    const bomb = (PACK[encoding === "" ? "gzip" : encoding] ?? PACK["gzip"])?.(Buffer.alloc(BOMB_BYTES)) ?? Buffer.alloc(0);
    this.#bombs.set(encoding, bomb);
    return bomb;
  }
}
