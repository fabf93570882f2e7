import { startCollector } from "../../lib/collector.ts";
import { startNode } from "../../lib/child.ts";
import { cpuSeconds, processTree } from "../../lib/process-tree.ts";
import { median } from "../../lib/median.ts";
import { offer, REQUEST_ITEMS } from "./load.ts";
import { outageYaml, type Queueing } from "./outage-yaml.ts";

const ROUNDS = 3;
const SECONDS = 4;
/** Items a second, few enough that both can carry them: clients that are answered sooner must not send more. */
const RATE = 20_000;
/** A queue in memory may cost this much more CPU than passing through. */
const GOAL = 0.1;

/** CPU time that an item costs with a queue in memory, against passing through, by turns. */
export async function queueCost(folder: string): Promise<boolean> {
  const costs: Record<"none" | "memory", number[]> = { none: [], memory: [] };
  for (let round = 0; round < ROUNDS; round += 1)
    for (const queueing of ["none", "memory"] as const) costs[queueing].push(await microsPerItem(queueing, folder));
  const through = median(costs.none);
  const queued = median(costs.memory);
  const more = queued / through - 1;
  console.log(
    `\nCPU for an item: ${through.toFixed(3)} µs passing through, ${queued.toFixed(3)} µs with a queue in memory: ${(100 * more).toFixed(1)} % more (goal under ${100 * GOAL} %)  ${more < GOAL ? "PASS" : "FALLS SHORT"}`,
  );
  return more < GOAL;
}

async function microsPerItem(queueing: Queueing, folder: string): Promise<number> {
  const sink = startNode(["test/lib/sink.ts"]);
  const { http } = JSON.parse(await sink.line(/^\{/)) as { http: number };
  const collector = await startCollector(outageYaml(queueing, `http://127.0.0.1:${http}`, folder));
  try {
    await offer(collector.http, RATE, 1);
    const pids = processTree(collector.child.process.pid ?? 0);
    const before = cpuSeconds(pids);
    const { phases } = await offer(collector.http, RATE, SECONDS);
    const requests = phases.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
    return ((cpuSeconds(pids) - before) / (requests * REQUEST_ITEMS)) * 1e6;
  } finally {
    await collector.stop();
    await sink.stop();
  }
}
