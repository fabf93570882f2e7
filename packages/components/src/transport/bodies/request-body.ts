import type { Batch } from "@tidemark/otlp";
import type { Writable } from "node:stream";
import { Packer, type PackedEncoding } from "./packer.ts";

/** How an exporter packs bodies; `""` and `none` are the same, as in the Collector. */
export type Compression = PackedEncoding | "none" | "";

/** The bytes of a request, ready to be written. */
export interface RequestBody {
  readonly chunks: readonly Uint8Array[];
  readonly length: number;
  /** Content encoding; `""` for plain bytes. */
  readonly encoding: "" | PackedEncoding;
  /** Streams that may still read `chunks`. */
  readers: number;
}

/** Counts `stream`, which gets the chunks, as a reader until it has written them; for ever when it breaks. */
export function lend(body: RequestBody, stream: Writable): void {
  body.readers += 1;
  stream.once("finish", () => (body.readers -= 1));
}

/** Makes the bodies of an exporter's requests. */
export class BodyMaker {
  readonly #encoding: "" | PackedEncoding;
  readonly #level: number | undefined;
  readonly #packers = new Map<PackedEncoding, Packer>();

  constructor(compression: Compression, level: number | undefined) {
    this.#encoding = compression === "none" ? "" : compression;
    this.#level = level;
  }

  /**
   * The protobuf body of a batch. One that arrived compressed and was not touched leaves with the bytes it came in. `encoding` goes before
   * the configuration's, with its standard level.
   */
  proto(batch: Batch, encoding: "" | PackedEncoding = this.#encoding): RequestBody | Promise<RequestBody> {
    if (encoding === "") {
      const chunks = batch.encodeChunks();
      let length = 0;
      for (const chunk of chunks) length += chunk.length;
      return { chunks, length, encoding, readers: 0 };
    }
    const ready = batch.compressed;
    if (ready !== undefined && isSameFormat(ready.encoding, encoding)) return single(ready.bytes, encoding);
    return this.#packed(batch.encode(), encoding);
  }

  /** A body that is already in bytes (JSON). */
  plain(bytes: Uint8Array, encoding: "" | PackedEncoding = this.#encoding): RequestBody | Promise<RequestBody> {
    return encoding === "" ? single(bytes, encoding) : this.#packed(bytes, encoding);
  }

  /** Gives the memory for packing back. */
  close(): void {
    for (const packer of this.#packers.values()) packer.close();
    this.#packers.clear();
  }

  async #packed(bytes: Uint8Array, encoding: PackedEncoding): Promise<RequestBody> {
    let packer = this.#packers.get(encoding);
    if (packer === undefined) {
      packer = new Packer(encoding, encoding === this.#encoding ? this.#level : undefined);
      this.#packers.set(encoding, packer);
    }
    return single(await packer.pack(bytes), encoding);
  }
}

function single(bytes: Uint8Array, encoding: RequestBody["encoding"]): RequestBody {
  return { chunks: [bytes], length: bytes.length, encoding, readers: 0 };
}

function isSameFormat(came: string, leaves: string): boolean {
  return came === leaves || (came === "zlib" && leaves === "deflate") || (came === "deflate" && leaves === "zlib");
}
