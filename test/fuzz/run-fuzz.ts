import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { CodecTarget } from "./codec-target.ts";
import { loadCorpus } from "./corpus.ts";
import { Fuzzer } from "./fuzzer.ts";
import { Http1Target } from "./http1-target.ts";
import { Http2Target } from "./http2-target.ts";
import { seededRandom } from "./tape.ts";
import type { Target } from "./target.ts";
import { WatchedCollector } from "./watched-collector.ts";

/** Inputs between two looks at the clock. */
const ROUND = 1000;
/** Memory is measured from here on: caches are full, code is compiled. */
const WARM_SHARE = 0.25;
/** Growth behind that which is none: what collectors of garbage leave lying about. */
const SLACK_MB = 48;
/** Half of what is looked at is old, half is new. */
const HALF = 2;

/** How long to go on: inputs in total, or minutes. */
export interface FuzzOptions {
  readonly seed: number;
  readonly inputs?: number;
  readonly minutes?: number;
  readonly progress?: (line: string) => void;
}

/** One look at memory, in megabytes. */
interface Memory {
  readonly collectorMB: number;
  readonly heapMB: number;
}

export interface FuzzResult {
  readonly fuzzers: readonly Fuzzer[];
  /** What was wrong beside single answers. */
  readonly faults: readonly string[];
  readonly seconds: number;
  readonly canaries: number;
  readonly slowestCanaryMs: number;
  readonly memory: readonly Memory[];
}

/** The targets that need no process, and those of a collector. */
export function targetsOf(collector: WatchedCollector): Target[] {
  const { httpPort, grpcPort } = collector;
  return [new CodecTarget(), new Http1Target(httpPort), new Http2Target("grpc", grpcPort), new Http2Target("http2", httpPort)];
}

/** Fuzzes all targets by turns beside a client that must always be served. */
export async function runFuzz({ seed, inputs, minutes, progress }: FuzzOptions): Promise<FuzzResult> {
  const startedAt = performance.now();
  const end = minutes === undefined ? Number.POSITIVE_INFINITY : startedAt + minutes * 60_000;
  const collector = await WatchedCollector.start();
  const collectGarbage = garbageCollector();
  const memory: Memory[] = [];
  const faults: string[] = [];
  const fuzzers = targetsOf(collector).map((target, index) => new Fuzzer(target, loadCorpus(target.name), seededRandom(seed + index)));
  const total = (): number => fuzzers.reduce((sum, fuzzer) => sum + fuzzer.inputs, 0);
  try {
    let toldAt = startedAt;
    while (total() < (inputs ?? Number.POSITIVE_INFINITY) && performance.now() < end) {
      for (const fuzzer of fuzzers) {
        await fuzzer.run(Math.ceil((ROUND * fuzzer.target.share) / 1000));
      }
      faults.push(...collector.newAlarms().map((line) => `the collector's log: ${line}`));
      if (performance.now() - toldAt < 30_000) continue;
      toldAt = performance.now();
      collectGarbage();
      memory.push({ collectorMB: collector.residentMB, heapMB: process.memoryUsage().heapUsed / 1e6 });
      const kinds = fuzzers.map(({ target, kinds: { size }, inputs: tried }) => `${target.name} ${tried} (${size} kinds)`).join(", ");
      const { collectorMB = 0, heapMB = 0 } = memory.at(-1) ?? {};
      progress?.(
        `${Math.round((toldAt - startedAt) / 1000)} s: ${kinds}; collector ${collectorMB.toFixed(0)} MB, heap ${heapMB.toFixed(0)} MB`,
      );
    }
    faults.push(...(await collector.leftovers()), ...growth(memory), ...collector.faults);
  } finally {
    const code = await collector.stop();
    if (code !== 0) faults.push(`the collector ended with code ${code}`);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  return { fuzzers, faults: [...new Set(faults)], seconds, canaries: collector.canaries, slowestCanaryMs: collector.slowestMs, memory };
}

/** Compares the peaks of the second half with those of the first, behind the time that everything needs to get warm. */
function growth(memory: readonly Memory[]): string[] {
  const warm = memory.slice(Math.floor(memory.length * WARM_SHARE));
  if (warm.length < 2 * HALF) return [];
  const middle = Math.floor(warm.length / HALF);
  return (["collectorMB", "heapMB"] as const).flatMap((what) => {
    const peak = (moments: readonly Memory[]): number => Math.max(...moments.map((moment) => moment[what]));
    const [before, after] = [peak(warm.slice(0, middle)), peak(warm.slice(middle))];
    return after > before + SLACK_MB ? [`${what} grew from ${before.toFixed(0)} to ${after.toFixed(0)}`] : [];
  });
}

function garbageCollector(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}
