import { setTimeout as sleep } from "node:timers/promises";
import { childrenOf } from "../../lib/process-tree.ts";
import { eventually } from "../../lib/eventually.ts";
import type { Mood } from "../moody-sink.ts";
import { between, pick } from "../../lib/random.ts";
import { resultOf, settle, withTrial, type Scenario } from "../trial.ts";

const WORKERS = 2;
/** Between two of them the supervisor waits longer and longer; after these everything is killed and started again. */
const KILLS = 5;

/** kill -9 of single workers under load, and in the end of all at once. */
export const workerKills: Scenario = {
  name: "workers",
  event: "kills of workers",
  weight: 1.5,
  skipped: () => (process.platform === "linux" ? undefined : "it looks for the workers in /proc"),
  run: (options) =>
    withTrial({ ...options, workers: WORKERS }, {}, async (trial) => {
      const { random, books, sink, subject, load } = trial;
      await subject.start();
      load.start();
      const count = Math.max(2, Math.round(KILLS * options.scale));
      for (let kill = 0; kill < count; kill += 1) {
        const mood = pick<Mood>(random, ["healthy", "slow", "down"]);
        sink.mood = () => mood;
        await sleep(between(random, 100, 800));
        const workers = childrenOf(subject.pid);
        const victim = workers[Math.floor(random() * workers.length)];
        books.interrupted(performance.now());
        if (victim !== undefined) process.kill(victim, "SIGKILL");
        await eventually("both workers", async () => {
          const now = childrenOf(subject.pid);
          return now.length === WORKERS && !now.includes(victim ?? 0) && (await subject.healthText())?.status === 200;
        });
      }
      const orphans = childrenOf(subject.pid);
      books.interrupted(await subject.kill());
      for (const orphan of orphans) await eventually("the end of the workers", () => !isRunning(orphan));
      books.interrupted(performance.now());
      await settle(trial);
      return resultOf(trial, { events: count });
    }),
};

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
