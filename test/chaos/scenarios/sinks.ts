import { setTimeout as sleep } from "node:timers/promises";
import { DeadLetters } from "@tidemark/components/dead-letters";
import type { Mood } from "../moody-sink.ts";
import { between, pick, resultOf, settle, withTrial, type Scenario, type Trial } from "../trial.ts";

const PHASES = 6;
const MOODS: readonly [Mood, ...Mood[]] = ["healthy", "slow", "throttling", "unavailable", "rejecting", "resetting", "hanging", "down"];

/** A back end in every mood, alone and mixed. What it rejects for good is among the dead letters, and comes when it is replayed. */
export const sinks: Scenario = {
  name: "sinks",
  event: "moods of the back end",
  weight: 2,
  run: (options) =>
    withTrial(options, {}, async (trial) => {
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
      const letters = new DeadLetters(subject.storage).totals({ reason: "rejected" });
      const shortBy = rejected - letters.items;
      if (shortBy > 0) faults.push(`${shortBy} items that the back end rejected are not among the dead letters`);
      if (letters.letters > 0) await replay(trial);
      return resultOf(trial, { events: count, deadLettered: letters.items });
    }),
};

async function replay({ subject, books, faults }: Trial): Promise<void> {
  const letters = new DeadLetters(subject.storage);
  await letters.replay({ filter: {} });
  await subject.start();
  for (let waited = 0; waited < 15_000 && letters.totals().letters > 0; waited += 200) await sleep(200);
  for (let waited = 0; waited < 15_000 && books.balance().rejected > 0; waited += 200) await sleep(200);
  const { rejected } = books.balance();
  if (rejected > 0) faults.push(`${rejected} dead letters did not arrive when they were replayed`);
  const code = await subject.stop();
  if (code !== 0) faults.push(`exit code ${code} after the replay: ${subject.recent(3)}`);
}
