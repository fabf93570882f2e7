import type { Batch } from "@tidemark/otlp";
import { Packer, type PackedEncoding } from "./packer.ts";

/** How an exporter packs bodies; `""` and `none` are the same, as in the Collector. */
export type Compression = PackedEncoding | "none" | "";

/** The bytes of a request, ready to be written. */
export interface RequestBody {
  readonly chunks: readonly Uint8Array[];
  readonly length: number;
  /** Content encoding; `""` for plain bytes. */
  readonly encoding: "" | PackedEncoding;
}

/** Makes the bodies of an exporter's requests. */
export class BodyMaker {
  readonly #encoding: "" | PackedEncoding;
  readonly #packer: Packer | undefined;

  constructor(compression: Compression, level: number | undefined) {
    this.#encoding = compression === "none" ? "" : compression;
    this.#packer = this.#encoding === "" ? undefined : new Packer(this.#encoding, level);
  }

  /** The protobuf body of a batch. One that arrived compressed and was not touched leaves with the bytes it came in. */
  proto(batch: Batch): RequestBody | Promise<RequestBody> {
    if (this.#packer === undefined) {
      const chunks = batch.encodeChunks();
      let length = 0;
      for (const chunk of chunks) length += chunk.length;
      return { chunks, length, encoding: "" };
    }
    const ready = batch.compressed;
    if (ready !== undefined && isSameFormat(ready.encoding, this.#encoding)) return this.#single(ready.bytes);
    return this.#packed(this.#packer, batch.encode());
  }

  /** A body that is already in bytes (JSON). */
  plain(bytes: Uint8Array): RequestBody | Promise<RequestBody> {
    return this.#packer === undefined ? this.#single(bytes) : this.#packed(this.#packer, bytes);
  }

  /** Gives the memory for packing back. */
  close(): void {
    this.#packer?.close();
  }

  async #packed(packer: Packer, bytes: Uint8Array): Promise<RequestBody> {
    return this.#single(await packer.pack(bytes));
  }

  #single(bytes: Uint8Array): RequestBody {
    return { chunks: [bytes], length: bytes.length, encoding: this.#encoding };
  }
}

function isSameFormat(came: string, leaves: string): boolean {
  return came === leaves || (came === "zlib" && leaves === "deflate") || (came === "deflate" && leaves === "zlib");
}
