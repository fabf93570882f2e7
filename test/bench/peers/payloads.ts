import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import { rowName, type Row } from "./rows.ts";
import { PEERS } from "../../lib/peers.ts";

const GRPC_PREFIX = 5;

/**
 * The file with the request body of a row: one of those that the peers' `payload.mjs` made; packed with zstd into `folder`, since
 * that makes none of its own. With gRPC the five bytes before the message are part of it.
 */
export function bodyFile(row: Row, folder: string): string {
  const plain = join(PEERS, "payload", `${row.signal}-${row.batch}.${row.transport}`);
  if (row.compression !== "zstd") return `${plain}${row.compression === "gzip" ? ".gz" : ""}`;
  const packed = join(folder, `${rowName(row).replaceAll(":", "-")}.zst`);
  if (!existsSync(packed)) writeFileSync(packed, zstdBody(row, readFileSync(plain)));
  return packed;
}

function zstdBody(row: Row, plain: Buffer): Buffer {
  if (row.transport === "http") return zstdCompressSync(plain);
  const message = zstdCompressSync(plain.subarray(GRPC_PREFIX));
  const prefix = Buffer.from([1, 0, 0, 0, 0]);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}
