import { totalmem } from "node:os";

/** How the limiter sees the memory of the process. */
export interface Memory {
  /** Memory in use now, in bytes. */
  readonly usedBytes: () => number;
  /** Memory that the process may use: of the cgroup where there is one, else of the machine. */
  readonly totalBytes: () => number;
  /** Runs the garbage collector; absent unless Node was started with `--expose-gc`. */
  readonly collect?: (() => void) | undefined;
}

/** The running process: resident memory, which counts buffers outside the JavaScript heap too. */
export function processMemory(): Memory {
  return {
    usedBytes: () => process.memoryUsage.rss(),
    totalBytes: () => {
      const machine = totalmem();
      const constrained = process.constrainedMemory();
      return constrained > 0 ? Math.min(constrained, machine) : machine;
    },
    collect: globalThis.gc === undefined ? undefined : () => globalThis.gc?.(),
  };
}
