import type { Batch } from "@tidemark/otlp";
import { compress } from "./compression.ts";

/** How an exporter packs bodies; `""` and `none` are the same, as in the Collector. */
export type Compression = "gzip" | "zstd" | "none" | "";

/** The bytes of a request, ready to be written. */
export interface RequestBody {
  readonly chunks: readonly Uint8Array[];
  readonly length: number;
  /** Content encoding; `""` for plain bytes. */
  readonly encoding: "" | "gzip" | "zstd";
}

/** The request body of a batch. One that arrived compressed and was not touched leaves with the bytes it came in. */
export function protoBody(batch: Batch, compression: Compression, level: number | undefined): RequestBody | Promise<RequestBody> {
  if (compression === "" || compression === "none") {
    const chunks = batch.encodeChunks();
    let length = 0;
    for (const chunk of chunks) length += chunk.length;
    return { chunks, length, encoding: "" };
  }
  const ready = batch.compressed;
  if (ready?.encoding === compression) return single(ready.bytes, compression);
  return compressed(batch.encode(), compression, level);
}

/** A body that is already in bytes (JSON). */
export function plainBody(bytes: Uint8Array, compression: Compression, level: number | undefined): RequestBody | Promise<RequestBody> {
  return compression === "" || compression === "none" ? single(bytes, "") : compressed(bytes, compression, level);
}

async function compressed(bytes: Uint8Array, encoding: "gzip" | "zstd", level: number | undefined): Promise<RequestBody> {
  return single(await compress(encoding, bytes, level), encoding);
}

function single(bytes: Uint8Array, encoding: RequestBody["encoding"]): RequestBody {
  return { chunks: [bytes], length: bytes.length, encoding };
}
