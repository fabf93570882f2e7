import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startNode, type Child } from "../../lib/child.ts";
import { startCollector } from "../../lib/collector.ts";
import { residentMiB } from "../../lib/process-tree.ts";
import { ITEM_BYTES, offer } from "./load.ts";
import { outageYaml } from "./outage-yaml.ts";
import { missingAt, statsOf } from "../../lib/sink-client.ts";

/** Below the ports that the system gives to outgoing connections. */
const BACK_END_PORT = 18_317;
const DRAIN_DEADLINE_MS = 600_000;
/** A row of the source's cache: 100 of them every 30 seconds (requirement F-12). */
const SOURCE_PER_SECOND = 100 / 30;
const LOOK_MS = 50;

/** Clients go on while the back end is away; then it comes back. What is kept, how fast does it flow out, is anything lost? */
export async function rideOut(folder: string, { minutes, rate }: { readonly minutes: number; readonly rate: number }): Promise<boolean> {
  const backEnd = `http://127.0.0.1:${BACK_END_PORT}`;
  const collector = await startCollector(outageYaml("disk", backEnd, join(mkdtempSync(join(folder, "outage-")), "storage")));
  let sink: Child | undefined;
  let peak = 0;
  const watch = setInterval(() => (peak = Math.max(peak, residentMiB(collector.child.process.pid) ?? 0)), 500);
  try {
    const report = await offer(collector.http, rate, minutes * 60);
    const kept = report.ranges.reduce((sum, [, from, to]) => sum + to - from, 0);
    const refused = report.phases.reduce((sum, phase) => sum + phase.sent - phase.acknowledged, 0);
    const peakBefore = peak;
    console.log(
      `Outage of ${minutes} minutes at ${rate} items/s (${ITEM_BYTES} bytes each): ${kept} items kept, ${refused} requests refused, RSS at most ${peakBefore.toFixed(0)} MiB`,
    );
    const cameBackAt = performance.now();
    sink = startNode(["test/lib/sink.ts", "--http-port", String(BACK_END_PORT)]);
    await sink.line(/^\{/);
    const { firstAt, lastAt } = await drained(backEnd, kept);
    const lost = await missingAt(backEnd, report.ranges);
    const { doubled } = await statsOf(backEnd);
    const seconds = (lastAt - firstAt) / 1000;
    const exitCode = await collector.stop();
    const isGood = lost === 0 && exitCode === 0 && kept > 0;
    console.log(
      `  first items ${((firstAt - cameBackAt) / 1000).toFixed(1)} s after its end, drained in ${seconds.toFixed(1)} s: ${(kept / seconds).toFixed(0)} items/s, ${(kept / seconds / rate).toFixed(1)} times the rate at which they came (the source's cache: ${SOURCE_PER_SECOND.toFixed(1)} rows/s)`,
    );
    console.log(
      `  lost ${lost}, doubled ${doubled}, RSS at most ${peak.toFixed(0)} MiB, exit code ${exitCode}  ${isGood ? "PASS" : "FAILED"}`,
    );
    return isGood;
  } finally {
    clearInterval(watch);
    await collector.stop();
    await sink?.stop();
  }
}

async function drained(backEnd: string, items: number): Promise<{ readonly firstAt: number; readonly lastAt: number }> {
  let firstAt = Number.NaN;
  for (const deadline = performance.now() + DRAIN_DEADLINE_MS; performance.now() < deadline; await sleep(LOOK_MS)) {
    const { items: arrived, doubled } = await statsOf(backEnd);
    if (arrived > 0 && Number.isNaN(firstAt)) firstAt = performance.now();
    if (arrived - doubled >= items) break;
  }
  return { firstAt, lastAt: performance.now() };
}
