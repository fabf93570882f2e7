import { promisify } from "node:util";
import { gzip, zstdCompress } from "node:zlib";
import type { Batch } from "@tidemark/otlp";
import type { FileConfig } from "./config.ts";

const gzipAsync = promisify(gzip);
const zstdAsync = promisify(zstdCompress);

/**
 * The bytes of one batch in the file. JSON without compression is a line; everything else is a frame:
 *
 *     length of the message   4 bytes, big-endian
 *     message                 OTLP protobuf or OTLP/JSON, compressed if asked for
 */
export async function frame(batch: Batch, config: FileConfig): Promise<Uint8Array> {
  if (config.format === "json" && config.compression === "none") return Buffer.from(`${batch.toJson()}\n`);
  const message = config.format === "json" ? Buffer.from(batch.toJson()) : batch.encode();
  const body = await compress(message, config.compression);
  const framed = Buffer.allocUnsafe(4 + body.length);
  framed.writeUInt32BE(body.length, 0);
  framed.set(body, 4);
  return framed;
}

function compress(message: Uint8Array, compression: FileConfig["compression"]): Promise<Uint8Array> {
  switch (compression) {
    case "none":
      return Promise.resolve(message);
    case "gzip":
      return gzipAsync(message);
    case "zstd":
      return zstdAsync(message);
  }
}
