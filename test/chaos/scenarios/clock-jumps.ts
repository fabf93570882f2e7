import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Mood } from "../moody-sink.ts";
import { between, pick } from "../../lib/random.ts";
import { resultOf, settle, withTrial, type Scenario, type Trial } from "../trial.ts";

const LIBRARIES = ["x86_64-linux-gnu", "aarch64-linux-gnu"].map((folder) => `/usr/lib/${folder}/faketime/libfaketimeMT.so.1`);
const JUMPS = 6;
const LONGEST_JUMP_S = 3 * 86_400;
const PROGRESS_MS = 5000;
/** Longer than the exporter waits for an answer. */
const LONGEST_PAUSE_MS = 3000;
const MARK_MS = 250;

/**
 * The wall clock jumps by up to three days, forwards and backwards, under load and between two lives; and the process stands still for a
 * while, as in a machine that is suspended: all its timers are late.
 */
export const clockJumps: Scenario = {
  name: "clock",
  event: "jumps of the clock",
  weight: 1,
  skipped: () => (library() === undefined ? "libfaketime is not here (Debian package faketime)" : undefined),
  run: (options) =>
    withTrial(options, {}, async (trial) => {
      const { random, books, sink, subject, load, faults } = trial;
      const file = join(options.folder, `clock-${options.seed}`);
      const jump = (): void => writeFileSync(file, `${random() < 0.5 ? "+" : "-"}${Math.floor(random() * LONGEST_JUMP_S)}\n`);
      // The monotonic clock does not jump: neither does that of a machine whose time is set.
      Object.assign(subject.environment, {
        LD_PRELOAD: library() ?? "",
        FAKETIME_TIMESTAMP_FILE: file,
        FAKETIME_NO_CACHE: "1",
        FAKETIME_DONT_FAKE_MONOTONIC: "1",
        DONT_FAKE_MONOTONIC: "1",
      });
      jump();
      await subject.start();
      load.start();
      const count = Math.max(2, Math.round(JUMPS * options.scale));
      for (let at = 0; at < count; at += 1) {
        const mood = pick<Mood>(random, ["healthy", "slow", "unavailable", "down"]);
        sink.mood = () => mood;
        await sleep(between(random, 200, 1000));
        if (random() < 0.3) await suspend(trial, between(random, 100, LONGEST_PAUSE_MS));
        const before = load.answers.acknowledged;
        jump();
        if (random() < 0.3) {
          books.interrupted(await subject.kill());
          await subject.start();
        }
        for (let waited = 0; waited < PROGRESS_MS && load.answers.acknowledged === before; waited += 50) await sleep(50);
        if (load.answers.acknowledged === before) faults.push(`nothing was acknowledged for ${PROGRESS_MS} ms after a jump`);
      }
      await settle(trial);
      return resultOf(trial, { events: count });
    }),
};

/** Answers that come meanwhile may be too late for the exporter, which then sends again. */
async function suspend({ subject, books }: Trial, ms: number): Promise<void> {
  subject.signal("SIGSTOP");
  for (const end = performance.now() + ms; performance.now() < end; await sleep(MARK_MS)) books.interrupted(performance.now());
  subject.signal("SIGCONT");
  books.interrupted(performance.now());
}

function library(): string | undefined {
  return LIBRARIES.find((path) => existsSync(path));
}
