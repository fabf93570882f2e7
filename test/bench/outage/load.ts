import { startNode } from "../../lib/child.ts";
import type { LoadReport } from "../../lib/loadgen.ts";
import type { OpenLoopReport } from "../../lib/open-loop.ts";

/** Items of one request, and their bytes. */
export const REQUEST_ITEMS = 100;
export const ITEM_BYTES = 700;

/** Sends as fast as it is answered. */
export async function saturate(target: string, concurrency: number, seconds: number): Promise<LoadReport> {
  const shape = ["--items", String(REQUEST_ITEMS), "--item-bytes", String(ITEM_BYTES), "--concurrency", String(concurrency)];
  const child = startNode(["test/lib/loadgen.ts", "--target", target, "--protocol", "http", "--seconds", String(seconds), ...shape]);
  await child.ended;
  return JSON.parse(child.lines.at(-1) ?? "null") as LoadReport;
}

/** Sends `rate` items a second, answered or not. */
export async function offer(target: string, rate: number, seconds: number): Promise<OpenLoopReport> {
  const shape = ["--items", String(REQUEST_ITEMS), "--item-bytes", String(ITEM_BYTES), "--phases", `${rate}:${seconds}`];
  const child = startNode(["test/lib/open-loop.ts", "--target", target, ...shape]);
  await child.ended;
  return JSON.parse(child.lines.at(-1) ?? "null") as OpenLoopReport;
}
