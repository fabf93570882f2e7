import { availableParallelism } from "node:os";
import type { ParsedArguments } from "../arguments.ts";
import { UsageError } from "../io.ts";

/** More than this is a slip of the keyboard. */
const MOST_WORKERS = 512;

/**
 * The number of processes that `--workers` asks for.
 * @throws UsageError for what is no number of processes.
 */
export function workerCount(args: ParsedArguments): number {
  const text = args.value("workers") ?? "1";
  if (text === "auto") return availableParallelism();
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && count <= MOST_WORKERS) return count;
  throw new UsageError(`"${text}" is no number of workers; write --workers 4, or --workers auto for one on each core`);
}
