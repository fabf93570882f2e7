import { setTimeout as sleep } from "node:timers/promises";
import { DeadLetters } from "@tidemark/components/dead-letters";
import { startNode } from "../../lib/child.ts";
import type { Mood } from "../moody-sink.ts";
import { between, pick } from "../../lib/random.ts";
import { resultOf, settle, withTrial, type Scenario, type Trial } from "../trial.ts";

const PHASES = 6;
const MOODS: readonly [Mood, ...Mood[]] = [
  "healthy",
  "slow",
  "throttling",
  "unavailable",
  "rejecting",
  "erring",
  "resetting",
  "hanging",
  "down",
];
/** Every other round has a storage that fills up in a bad phase: what is rejected needs a place among the dead letters all the same. */
const TIGHT_STORAGE = 2 * 2 ** 20;
const REPLAY_MS = 30_000;

/** A back end in every mood, alone and mixed. What it rejects for good is among the dead letters, with the reason, and comes when it is replayed. */
export const sinks: Scenario = {
  name: "sinks",
  event: "moods of the back end",
  weight: 2,
  run: (options) =>
    withTrial(options, options.seed % 2 === 0 ? {} : { maxBytes: TIGHT_STORAGE }, async (trial) => {
      const { random, sink, subject, load, books, faults } = trial;
      await subject.start();
      load.start();
      const count = Math.max(2, Math.round(PHASES * options.scale));
      for (let phase = 0; phase < count; phase += 1) {
        const mood = pick(random, MOODS);
        const isMixed = random() < 0.4;
        sink.mood = () => (isMixed ? pick(random, MOODS.slice(0, -1) as [Mood]) : mood);
        await sleep(between(random, 500, 2000));
      }
      await settle(trial);
      const { rejected } = books.balance();
      const letters = new DeadLetters(subject.storage);
      const { items } = letters.totals({ reason: "rejected" });
      if (rejected > items) faults.push(`${rejected - items} items that the back end rejected are not among the dead letters`);
      for (const { id, reason, message } of letters.listDeadLetters())
        if (reason !== "rejected" || message === "") faults.push(`dead letter ${id} has the reason ${reason} "${message}"`);
      if (items > 0) await replay(trial);
      return resultOf(trial, { events: count, deadLettered: items });
    }),
};

/** As a user does it, before the collector is started again or while it runs. Nothing rejected may be missing then. */
async function replay({ subject, books, faults, random }: Trial): Promise<void> {
  const isRunning = random() < 0.5;
  if (isRunning) await subject.start();
  const command = startNode(["packages/collector/bin/tidemark.js", "dlq", "replay", subject.storage, "--all"]);
  const code = await command.ended;
  if (code !== 0) faults.push(`tidemark dlq replay ended with ${code}: ${command.lines.join(" ")}`);
  if (!isRunning) await subject.start();
  const letters = new DeadLetters(subject.storage);
  for (let waited = 0; waited < REPLAY_MS && (letters.totals().letters > 0 || books.balance().rejected > 0); waited += 200)
    await sleep(200);
  const { rejected } = books.balance();
  if (rejected > 0) faults.push(`${rejected} dead letters did not arrive when they were replayed`);
  const exit = await subject.stop();
  if (exit !== 0) faults.push(`exit code ${exit} after the replay: ${subject.recent(3)}`);
}
