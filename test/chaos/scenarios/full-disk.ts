import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { between, pick } from "../../lib/random.ts";
import { resultOf, settle, withTrial, type RoundResult, type Scenario, type Trial } from "../trial.ts";

const DISK_MIB = 8;
const FILL_MS = 12_000;
const RECOVERY_MS = 10_000;

/** A small disk that fills up: clients are told to come again, nothing ends, and it goes on when there is room. */
export const fullDisk: Scenario = {
  name: "full-disk",
  event: "full disks",
  weight: 1.5,
  skipped: () => (canMount() ? undefined : "no file system can be mounted here (it takes root on Linux)"),
  run: async (options) => {
    const disk = join(options.folder, `disk-${options.seed}`);
    mkdirSync(disk);
    mount(disk);
    try {
      return await withTrial(options, { storage: join(disk, "storage"), maxBytes: 2 ** 30 }, (trial) =>
        fillAndEmpty(trial, join(disk, "filler")),
      );
    } finally {
      execFileSync("umount", ["-l", disk]);
    }
  },
};

async function fillAndEmpty(trial: Trial, filler: string): Promise<RoundResult> {
  const { random, sink, subject, load, faults } = trial;
  sink.mood = () => "down";
  await subject.start();
  load.start();
  // Another program takes what is left at some moment; or the queue takes it all itself.
  const how = pick(random, ["filler", "queue"]);
  await sleep(between(random, 200, 1500));
  if (how === "filler") fill(filler);
  if (!(await within(FILL_MS, () => load.answers.refused >= 50))) faults.push("nobody was refused on a full disk");
  if (load.answers.withoutTime > 0) faults.push(`${load.answers.withoutTime} refusals do not say when to come again`);
  if (!subject.isAlive) faults.push(`it ended when the disk was full: ${subject.recent(5)}`);
  const isKilled = random() < 0.5;
  if (isKilled) await startOnFullDisk(trial);
  // What is delivered makes room by itself.
  const staysFull = how === "filler" && random() < 0.5;
  if (!staysFull) rmSync(filler, { force: true });
  sink.mood = () => "healthy";
  const enough = load.answers.acknowledged + 1000;
  if (!(await within(RECOVERY_MS, () => load.answers.acknowledged > enough))) faults.push("it did not go on when there was room again");
  rmSync(filler, { force: true });
  await settle(trial);
  const note = [how, ...(isKilled ? ["killed and started on the full disk"] : []), ...(staysFull ? ["which stays"] : [])].join(", ");
  return resultOf(trial, { events: 1, note });
}

async function startOnFullDisk({ books, subject, load, faults }: Trial): Promise<void> {
  books.interrupted(await subject.kill());
  await subject.start();
  const { refused } = load.answers;
  if (!(await within(FILL_MS, () => load.answers.refused > refused))) faults.push("nobody was refused after a start on a full disk");
}

async function within(ms: number, isSo: () => boolean): Promise<boolean> {
  for (let waited = 0; waited < ms && !isSo(); waited += 100) await sleep(100);
  return isSo();
}

function fill(path: string): void {
  const file = openSync(path, "w");
  try {
    for (let size = 2 ** 16; size >= 1; size >>= 4) {
      const block = Buffer.alloc(size);
      for (;;) if (!tryWrite(file, block)) break;
    }
  } finally {
    closeSync(file);
  }
}

function tryWrite(file: number, block: Buffer): boolean {
  try {
    return writeSync(file, block) === block.length;
  } catch {
    return false;
  }
}

/** Root alone is not enough: a container may keep it from mounting. */
function canMount(): boolean {
  const disk = mkdtempSync(join(tmpdir(), "tidemark-mount-"));
  try {
    mount(disk);
    execFileSync("umount", ["-l", disk], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  } finally {
    rmSync(disk, { recursive: true });
  }
}

function mount(disk: string): void {
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${DISK_MIB}m`, "tmpfs", disk], { stdio: "ignore" });
}
