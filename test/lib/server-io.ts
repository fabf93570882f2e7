import { once } from "node:events";
import type { AddressInfo, Server } from "node:net";
import { gunzipSync, zstdDecompressSync } from "node:zlib";

/** Listens on loopback, on a free port unless told; resolves with the port. */
export async function listen(server: Server, port = 0): Promise<number> {
  await once(server.listen(port, "127.0.0.1"), "listening");
  return (server.address() as AddressInfo).port;
}

/** All that comes, as one piece. */
export async function readAll(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** A body without its content encoding, by the name that HTTP and gRPC have for it. */
export function unpack(encoding: unknown, body: Buffer): Buffer {
  if (encoding === "gzip") return gunzipSync(body);
  return encoding === "zstd" ? zstdDecompressSync(body) : body;
}
