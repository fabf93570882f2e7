import type { Batch } from "@tidemark/otlp";
import { compress } from "../../transport/compression.ts";
import type { FileConfig } from "./config.ts";

/**
 * The bytes of one batch in the file. JSON without compression is a line; everything else is a frame:
 *
 *     length of the message   4 bytes, big-endian
 *     message                 OTLP protobuf or OTLP/JSON, compressed if asked for
 */
export async function frame(batch: Batch, config: FileConfig): Promise<Uint8Array> {
  if (config.format === "json" && config.compression === "none") return Buffer.from(`${batch.toJson()}\n`);
  const message = config.format === "json" ? Buffer.from(batch.toJson()) : batch.encode();
  const body = config.compression === "none" ? message : await compress(config.compression, message, undefined);
  const framed = Buffer.allocUnsafe(4 + body.length);
  framed.writeUInt32BE(body.length, 0);
  framed.set(body, 4);
  return framed;
}
