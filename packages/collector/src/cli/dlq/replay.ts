import type { DeadLetters } from "@tidemark/components/dead-letters";
import type { Clock } from "@tidemark/core";
import { EXIT, type CliIo } from "../io.ts";
import { countText } from "../table.ts";
import { ProgressLine } from "./progress.ts";

const LOOK_MS = 200;
/** So long without progress the rest is left to the collector. */
const STALLED_MS = 10_000;

/** What a replay works on. */
export interface Replay {
  readonly letters: DeadLetters;
  readonly directory: string;
  readonly ids: readonly string[];
  /** Whether to stay until the queues have taken all of it. */
  readonly waits: boolean;
  readonly clock: Clock;
  readonly io: CliIo;
}

/** Has letters sent again, and shows how that goes. Resolves with the exit code. */
export async function replayLetters(replay: Replay): Promise<number> {
  const { letters, directory, ids, waits, clock, io } = replay;
  const asking = new ProgressLine("asked for", clock, io.stderr);
  const { selected, changed } = await letters.replay({ ids }, ({ done, total }) => asking.show(done, total));
  if (changed < selected) io.stderr(`${countText(selected - changed, "dead letter")} not asked for: gone, asked for before, or damaged\n`);
  io.stdout(`${countText(changed, "dead letter")} will be sent again.\n`);
  if (!letters.isInUse()) {
    io.stdout(`No collector runs on ${directory}: the next one that starts there sends them.\n`);
    return EXIT.ok;
  }
  if (!waits || changed === 0) return EXIT.ok;
  const waiting = await untilTaken(replay, changed);
  if (waiting > 0) {
    io.stderr(
      `${countText(waiting, "dead letter")} still waiting: the queue is full, or its exporter is not in the configuration. They go on by themselves.\n`,
    );
    return EXIT.failure;
  }
  const wanted = new Set(ids);
  let back = 0;
  for (const { id } of letters.listDeadLetters()) back += wanted.has(id) ? 1 : 0;
  const taken = Math.max(0, changed - back);
  io.stdout(`${countText(taken, "dead letter")} back in the sending queue.\n`);
  if (back > 0) io.stderr(`${countText(back, "dead letter")} could not be taken back; tidemark dlq ls says why\n`);
  return EXIT.ok;
}

/** Resolves with how many are still waiting: 0, or what is left when nothing moves any more. */
async function untilTaken({ letters, clock, io }: Replay, total: number): Promise<number> {
  const line = new ProgressLine("sent back", clock, io.stderr);
  let waiting = letters.totals().replaying;
  let movedAt = clock.now();
  while (waiting > 0 && clock.now() - movedAt < STALLED_MS) {
    await new Promise<void>((resolve) => void clock.setTimeout(resolve, LOOK_MS));
    const now = letters.totals().replaying;
    if (now !== waiting) movedAt = clock.now();
    waiting = now;
    line.show(Math.max(0, total - waiting), total);
  }
  return waiting;
}
