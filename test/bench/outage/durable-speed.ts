import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { startNode } from "../../lib/child.ts";
import { startCollector } from "../../lib/collector.ts";
import { plainWrites } from "../storage/plain-writes.ts";
import { median } from "../../lib/median.ts";
import { REQUEST_ITEMS, saturate } from "./load.ts";
import { outageYaml } from "./outage-yaml.ts";

const ROUNDS = 3;
const SECONDS = 2;
const CLIENTS = [4, 16, 64];
/** Durable requests must come to this share of the slower of two: the disk alone, and the same collector with its queue in memory. */
const GOAL = 0.7;

/**
 * Requests that a whole collector puts on the disk, against plain writes of the same bytes with one sync for each group of as many, and
 * against what it takes in without a disk: on a fast disk its own work is the limit, and not the syncs.
 */
export async function durableSpeed(folder: string): Promise<boolean> {
  console.log(`\nRequests stored a second, by turns (goal ${100 * GOAL} % of the slower of the other two)`);
  let isGood = true;
  for (const clients of CLIENTS) {
    const rounds: { readonly disk: number; readonly memory: number; readonly plain: number }[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const home = mkdtempSync(join(folder, "durable-"));
      const { perSecond: disk, bytes } = await taken("disk", clients, home);
      const { perSecond: memory } = await taken("memory", clients, home);
      rounds.push({
        disk,
        memory,
        plain: plainWrites(mkdtempSync(join(folder, "plain-")), { bytes, appenders: clients, forMs: SECONDS * 500 }),
      });
      rmSync(home, { recursive: true });
    }
    const share = median(rounds.map(({ disk, memory, plain }) => disk / Math.min(memory, plain)));
    const of = (what: "disk" | "memory" | "plain"): string =>
      median(rounds.map((round) => round[what]))
        .toFixed(0)
        .padStart(6);
    isGood &&= share >= GOAL;
    console.log(
      `  ${String(clients).padStart(2)} clients  durable ${of("disk")}, in memory ${of("memory")}, plain writes ${of("plain")}  ${(100 * share).toFixed(0).padStart(3)} %  ${share >= GOAL ? "PASS" : "FALLS SHORT"}`,
    );
  }
  return isGood;
}

/** Both with a back end that takes everything at once. */
async function taken(
  queueing: "disk" | "memory",
  clients: number,
  home: string,
): Promise<{ readonly perSecond: number; readonly bytes: number }> {
  const sink = startNode(["test/lib/sink.ts"]);
  const { http } = JSON.parse(await sink.line(/^\{/)) as { http: number };
  const collector = await startCollector(outageYaml(queueing, `http://127.0.0.1:${http}`, join(home, "storage")));
  try {
    await saturate(collector.http, clients, 0.5);
    const { acknowledged, seconds, bytesPerRequest } = await saturate(collector.http, clients, SECONDS);
    return { perSecond: acknowledged / REQUEST_ITEMS / seconds, bytes: bytesPerRequest };
  } finally {
    await collector.child.stop("SIGKILL");
    await sink.stop();
  }
}
