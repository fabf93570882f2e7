import { setTimeout as sleep } from "node:timers/promises";
import type { Mood } from "../moody-sink.ts";
import { between, pick } from "../../lib/random.ts";
import { resultOf, settle, withTrial, type Scenario } from "../trial.ts";

const KILLS = 12;
/** Share of kills that come before the collector is ready. */
const EARLY = 0.2;
const START_MS = 700;

/** kill -9 at random moments under load, while the back end is well, slow or away. */
export const kills: Scenario = {
  name: "kills",
  event: "kills",
  weight: 12,
  run: (options) =>
    withTrial(options, {}, async (trial) => {
      const { random, books, sink, subject, load } = trial;
      load.start();
      const count = Math.max(2, Math.round(KILLS * options.scale));
      for (let kill = 0; kill < count; kill += 1) {
        const mood = pick<Mood>(random, ["healthy", "healthy", "slow", "down"]);
        sink.mood = () => mood;
        subject.spawn();
        if (random() < EARLY) await sleep(between(random, 0, START_MS));
        else {
          await subject.whenReady();
          await sleep(between(random, 20, 1000));
        }
        books.interrupted(await subject.kill());
      }
      await settle(trial);
      return resultOf(trial, { events: count });
    }),
};
