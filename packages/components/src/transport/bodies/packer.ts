import type { Duplex } from "node:stream";
import { constants, createDeflate, createGzip, createZstdCompress, type Deflate } from "node:zlib";

/** Content encodings that a body can leave in. `zlib` and `deflate` are the same format (RFC 1950), as in the Collector. */
export type PackedEncoding = "gzip" | "zstd" | "deflate" | "zlib";

/** Level 1 of both: the levels above cost two to four times the time and make telemetry 0 to 3 % smaller. */
const STANDARD_LEVEL = 1;
/**
 * Window of 16 KiB and the largest hash table: a fifth faster than zlib's standard at less than 1 % of size. All of it is
 * 320 KiB, set up once for each engine and not for each body.
 */
const WINDOW_BITS = 14;
const MEM_LEVEL = 9;
/** Memory for results: several small ones share it; large ones come in pieces of it. */
const CHUNK_BYTES = 64 << 10;
/** As many as libuv has threads: more could not work at the same time. */
const MAX_ENGINES = 4;

/**
 * Packs bodies on the threads of the libuv pool, with streams that are set back after each body: to make a new one costs more than to
 * pack a small body. A body is one write, hence one trip to the pool.
 */
export class Packer {
  readonly #encoding: PackedEncoding;
  readonly #level: number;
  readonly #idle: Engine[] = [];
  readonly #waiting: (() => void)[] = [];
  #engines = 0;
  #isClosed = false;

  /** `level` is the algorithm's own scale; undefined takes 1. */
  constructor(encoding: PackedEncoding, level: number | undefined) {
    this.#encoding = encoding;
    this.#level = level ?? STANDARD_LEVEL;
  }

  /** Rejects with what zlib says, which no body can cause. */
  async pack(bytes: Uint8Array): Promise<Buffer> {
    const engine = this.#free() ?? (await this.#nextFree());
    let works = false;
    try {
      const packed = await engine.pack(bytes);
      works = true;
      return packed;
    } finally {
      this.#release(engine, works);
    }
  }

  /** Gives the memory of idle streams back; busy ones follow when they are done. */
  close(): void {
    this.#isClosed = true;
    for (const engine of this.#idle.splice(0)) engine.close();
  }

  #free(): Engine | undefined {
    const idle = this.#idle.pop();
    if (idle !== undefined || this.#engines >= MAX_ENGINES) return idle;
    this.#engines += 1;
    return new Engine(this.#encoding, this.#level);
  }

  async #nextFree(): Promise<Engine> {
    for (;;) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
      const engine = this.#free();
      if (engine !== undefined) return engine;
    }
  }

  #release(engine: Engine, works: boolean): void {
    if (works && !this.#isClosed) this.#idle.push(engine);
    else {
      this.#engines -= 1;
      engine.close();
    }
    this.#waiting.shift()?.();
  }
}

/** One stream, which packs one body at a time. */
class Engine {
  readonly #stream: Duplex;
  readonly #reset: () => void;
  #pieces: Buffer[] = [];
  #fail: ((error: Error) => void) | undefined;

  constructor(encoding: PackedEncoding, level: number) {
    const { stream, reset } = openStream(encoding, level);
    this.#stream = stream;
    this.#reset = reset;
    stream.on("data", (piece: Buffer) => this.#pieces.push(piece));
    stream.on("error", (error) => this.#fail?.(error));
  }

  pack(bytes: Uint8Array): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#fail = reject;
      this.#stream.write(bytes, (error) => {
        if (error) return reject(error);
        const pieces = this.#pieces;
        this.#pieces = [];
        this.#reset();
        resolve(pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces));
      });
    });
  }

  close(): void {
    this.#stream.destroy();
  }
}

interface Opened {
  readonly stream: Duplex;
  /** Makes the stream ready for the next body. */
  readonly reset: () => void;
}

/** With this `flush`, each write is a whole body. */
function openStream(encoding: PackedEncoding, level: number): Opened {
  const chunkSize = CHUNK_BYTES;
  if (encoding === "zstd") {
    const params = { [constants.ZSTD_c_compressionLevel]: level };
    // After the end of a frame it stands at the beginning of the next by itself.
    return { stream: createZstdCompress({ chunkSize, flush: constants.ZSTD_e_end, params }), reset: () => undefined };
  }
  const options = { chunkSize, flush: constants.Z_FINISH, level, windowBits: WINDOW_BITS, memLevel: MEM_LEVEL };
  // Every stream of zlib has `reset`; the types know it of this one only.
  const stream = encoding === "gzip" ? (createGzip(options) as Deflate) : createDeflate(options);
  return { stream, reset: () => stream.reset() };
}
