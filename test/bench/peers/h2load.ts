import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { grpcPath } from "../../lib/grpc.ts";
import { pin } from "./pinned.ts";
import type { Row } from "./rows.ts";

/** What h2load saw: answers with status 2xx, and calls that got none. gRPC errors are among the first. */
export interface SaturatedLoad {
  readonly answered: number;
  readonly failed: number;
}

/** Whether the load generator is installed (Debian package nghttp2-client). */
export function hasH2load(): boolean {
  return spawnSync("h2load", ["--version"], { stdio: "ignore" }).status === 0;
}

/** Sends a body again and again, as fast as it is answered: 32 requests are open at any time. */
export async function saturate(row: Row, port: number, body: string, seconds: number): Promise<SaturatedLoad> {
  const flow = row.transport === "grpc" ? "-c4 -m8" : "--h1 -c32 -m1";
  const args = ["h2load", ...target(row, port), "-d", body, ...flow.split(" "), "-t1", "-D", String(seconds)];
  const [command = "", ...rest] = pin("load", args);
  const child = spawn(command, rest, { stdio: ["ignore", "pipe", "ignore"] });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => (text += part));
  await once(child, "close");
  const number = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? 0);
  return { answered: number(/status codes: (\d+) 2xx/), failed: number(/(\d+) failed, /) };
}

function target(row: Row, port: number): string[] {
  const encoding = row.compression === "none" ? "identity" : row.compression;
  if (row.transport === "http") {
    const headers = [
      "-H",
      "content-type: application/x-protobuf",
      ...(encoding === "identity" ? [] : ["-H", `content-encoding: ${encoding}`]),
    ];
    return [`http://127.0.0.1:${port}/v1/${row.signal}`, ...headers];
  }
  const method = `http://127.0.0.1:${port}${grpcPath(row.signal)}`;
  return [method, "-H", "content-type: application/grpc", "-H", "te: trailers", "-H", `grpc-encoding: ${encoding}`];
}
