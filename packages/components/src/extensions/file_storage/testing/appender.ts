// Appends records for ever, several at a time, and says after each answer on standard output: "stored <number> <id>". It takes the oldest
// out, and says so before: "leaves <last id>". Its parent ends it with SIGKILL.   node appender.ts <directory> <first number>
import { writeSync } from "node:fs";
import { systemClock } from "@tidemark/core";
import { recordingLogger } from "@tidemark/core/testing";
import { diskFiles } from "../disk/file-layer.ts";
import { OpenStorage } from "../open-storage.ts";
import { record } from "./storage-kit.ts";

const APPENDERS = 6;
const LARGEST = 40_000;
/** So many records stay; with the budget, so that files are written again. */
const KEPT = 40;
const MAX_BYTES = 16 * 2 ** 20;

const [directory = "", from = "0"] = process.argv.slice(2);
let number = Number(from);

const { storage } = await OpenStorage.open(
  {
    directory,
    fsync: true,
    recreate: false,
    lockTimeoutMs: 5000,
    pid: process.pid,
    limits: { maxBytes: MAX_BYTES, minFreeBytes: 0 },
  },
  {
    files: diskFiles({ fsync: true, mode: 0o600 }),
    folderMode: 0o700,
    clock: systemClock,
    random: Math.random,
    log: recordingLogger([]),
    damaged: (records) => say(`damaged ${records}\n`),
    unavailable: (message) => say(`unavailable ${message}\n`),
  },
);
const queue = await storage.openQueue("a");
const stored = (await queue.read(0, 1_000_000)).map(({ id }) => id);

/** Waits while the pipe is full. */
function say(line: string): void {
  for (;;) {
    try {
      writeSync(1, line);
      return;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error;
    }
  }
}

async function appendForEver(): Promise<void> {
  for (;;) {
    const own = number;
    number += 1;
    const id = await queue.append(record(own, 4 + ((own * 7919) % LARGEST)));
    say(`stored ${own} ${id}\n`);
    stored.push(id);
    if (stored.length < 2 * KEPT) continue;
    const oldest = stored.splice(0, stored.length - KEPT);
    say(`leaves ${oldest.at(-1)}\n`);
    await queue.remove(oldest);
  }
}

await Promise.all(Array.from({ length: APPENDERS }, appendForEver));
