import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePorts } from "@tidemark/core/testing";
import { root } from "../../lib/child.ts";
import { pin } from "./pinned.ts";
import { statsOf } from "../../lib/sink-client.ts";
import { reachable } from "./reachable.ts";
import type { Row } from "./rows.ts";
import { PEERS } from "../../lib/peers.ts";

/** Points of each metric in the peers' payloads; back ends count metrics. */
const POINTS_PER_METRIC = 5;
const DRAIN_DEADLINE_MS = 20_000;
const QUIET_MS = 400;

/** Where a system under test delivers to. */
export interface BackEnd {
  readonly port: number;
  /** Items that have arrived so far. */
  arrived(): Promise<number>;
  /** Resolves with the same when nothing more has come for a while. */
  settled(): Promise<number>;
  stop(): Promise<void>;
}

/**
 * Starts the back end of a row. The peers' `otlp-sink` is the quickest, but can only count what is not compressed; compressed
 * rows, which are slower by far, go to `test/lib/sink.ts`. All systems of a row have the same one.
 */
export async function startBackEnd(row: Row): Promise<BackEnd> {
  const [port = 0] = await freePorts(1);
  const isPlain = row.compression === "none";
  const command = isPlain ? [join(PEERS, "otlp-sink"), "-addr", `127.0.0.1:${port}`] : [process.execPath, join(root, "test/lib/sink.ts")];
  const [program = "", ...args] = pin("load", command);
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "ignore"] });
  const ports = isPlain ? { http: port, grpc: port } : await announced(child.stdout);
  const arrived = async (): Promise<number> => {
    const { items } = await statsOf(`http://127.0.0.1:${ports.http}`);
    return items * (row.signal === "metrics" ? POINTS_PER_METRIC : 1);
  };
  await reachable("the back end", arrived);
  return {
    port: ports[row.transport],
    arrived,
    settled: () => settled(arrived),
    stop: async () => {
      const ended = once(child, "close");
      child.kill("SIGKILL"); // it keeps nothing
      await ended;
    },
  };
}

async function announced(output: NodeJS.ReadableStream): Promise<{ readonly http: number; readonly grpc: number }> {
  const [line] = (await once(output, "data")) as [Buffer];
  return JSON.parse(line.toString()) as { http: number; grpc: number };
}

async function settled(arrived: () => Promise<number>): Promise<number> {
  let last = await arrived();
  for (const deadline = Date.now() + DRAIN_DEADLINE_MS; Date.now() < deadline;) {
    await sleep(QUIET_MS);
    const count = await arrived();
    if (count === last) break;
    last = count;
  }
  return last;
}
