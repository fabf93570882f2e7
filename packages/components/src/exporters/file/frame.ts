import type { Batch } from "@tidemark/otlp";
import type { Packer } from "../../transport/bodies/packer.ts";
import type { FileConfig } from "./config.ts";

/**
 * The bytes of one batch in the file. JSON without compression is a line; everything else is a frame:
 *
 *     length of the message   4 bytes, big-endian
 *     message                 OTLP protobuf or OTLP/JSON, compressed if asked for
 */
export async function frame(batch: Batch, { format }: FileConfig, packer: Packer | undefined): Promise<Uint8Array> {
  if (format === "json" && packer === undefined) return Buffer.from(`${batch.toJson()}\n`);
  const message = format === "json" ? Buffer.from(batch.toJson()) : batch.encode();
  const body = packer === undefined ? message : await packer.pack(message);
  const framed = Buffer.allocUnsafe(4 + body.length);
  framed.writeUInt32BE(body.length, 0);
  framed.set(body, 4);
  return framed;
}
