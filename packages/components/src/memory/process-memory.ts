import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { cgroupLimitBytes } from "./cgroup-limit.ts";

/** How the limiter sees the memory of the process. */
export interface Memory {
  /** Memory in use now, in bytes. */
  readonly usedBytes: () => number;
  /** Memory that the process may use: its share of that of its control group where that has a limit, else of the machine. */
  readonly totalBytes: () => number;
  /** Runs the garbage collector. */
  readonly collect: () => void;
}

/**
 * The running process. In use is what JavaScript and its buffers occupy, dead objects included until they are collected, plus
 * what the program itself needs. Resident memory is no measure for admission: the allocator keeps pages that were freed, and
 * uses them for what comes next, so it would refuse long after everything was sent.
 * `workers` is the number of processes that share the memory.
 */
export function processMemory(workers = 1): Memory {
  const { rss, heapTotal, external } = process.memoryUsage();
  const programBytes = Math.max(0, rss - heapTotal - external);
  let collector: (() => void) | undefined;
  return {
    usedBytes: () => {
      const usage = process.memoryUsage();
      return programBytes + usage.heapUsed + usage.external;
    },
    totalBytes: () => Math.min(totalmem(), cgroupLimitBytes(readIfThere) ?? Number.POSITIVE_INFINITY) / workers,
    collect: () => (collector ??= findCollector())(),
  };
}

/** V8 gives its collector to contexts that are made while the flag is set; nobody has to start Node with it. */
function findCollector(): () => void {
  setFlagsFromString("--expose-gc");
  const collector = runInNewContext("gc") as () => void;
  setFlagsFromString("--no-expose-gc");
  return collector;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
