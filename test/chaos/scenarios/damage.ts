import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DeadLetters } from "@tidemark/components/dead-letters";
import type { Random } from "@tidemark/core";
import { idOffsets, readId } from "../../lib/payload.ts";
import { between, pick } from "../../lib/random.ts";
import { resultOf, settle, withTrial, type Scenario, type Trial } from "../trial.ts";

const INJURIES = 3;
/** First bytes of each record of a segment, at a multiple of 8: see segment-format.ts of file_storage. */
const RECORD_MAGIC = Buffer.from([0xd7, 0xc0, 0x52, 0x8a]);
const ALIGNMENT = 8;
/** Damaged records never come. */
const STANDSTILL_MS = 3000;
/** So that a queue has several segments: each is a sixteenth of it. */
const MAX_BYTES = 12 * 2 ** 20;

type Injury = "bit" | "bits" | "zeros" | "truncated" | "torn" | "garbage" | "gone" | "database";

/** Items of damaged records, as `sender:sequence`. */
type Hurt = Set<string>;

/** Files of the storage are damaged while the collector is down: only what was in damaged records may be gone, and it is told. */
export const damage: Scenario = {
  name: "damage",
  event: "injuries of files",
  weight: 2,
  run: (options) =>
    withTrial(options, { maxBytes: MAX_BYTES, recreate: true }, async (trial) => {
      const { random, books, sink, subject, load, faults } = trial;
      const hurt: Hurt = new Set();
      const injuries: Injury[] = [];
      const count = Math.max(1, Math.round(INJURIES * options.scale));
      for (let injury = 0; injury < count; injury += 1) {
        sink.mood = () => "down";
        await subject.start();
        load.start();
        await sleep(between(random, 300, 900));
        await load.stop();
        await sleep(200); // what is on the disk is noted in the database a moment later
        books.interrupted(await subject.kill());
        const kind = pick<Injury>(random, ["bit", "bits", "zeros", "truncated", "torn", "garbage", "gone", "database"]);
        injuries.push(kind);
        injure(trial, kind, hurt);
      }
      await subject.start();
      await settle(trial, STANDSTILL_MS);
      const lost = [...books.missing()].map(([sender, sequence]) => `${sender}:${sequence}`);
      const beyond = lost.filter((item) => !hurt.has(item)).length;
      if (beyond > 0) faults.push(`${beyond} items are gone whose records were not damaged (${injuries.join(", ")})`);
      checkReports(trial, lost.length - beyond);
      return resultOf(trial, { events: count, damaged: lost.length - beyond, note: injuries.join(" ") });
    }),
};

/** The items that are gone must have been told of: in the log, and as dead letters with the reason `corrupt`. */
function checkReports({ subject, faults }: Trial, lost: number): void {
  if (lost === 0) return;
  const told = subject.lines.filter((line) => line.includes("Stored records cannot be read."));
  const letters = new DeadLetters(subject.storage).totals({ reason: "corrupt" });
  if (told.length === 0) faults.push(`${lost} items were damaged on the disk, and the log says nothing`);
  if (letters.letters === 0) faults.push(`${lost} items were damaged on the disk, and no dead letter tells of them`);
}

function injure({ random, subject }: Trial, kind: Injury, hurt: Hurt): void {
  const segments = subject.segments().toSorted();
  const path = segments[Math.floor(random() * segments.length)];
  if (kind === "database") return injureDatabase(subject.storage, random);
  if (path === undefined) return;
  const bytes = readFileSync(path);
  const spoil = (from: number, to: number): void => noteItems(bytes, from, to, hurt);
  if (kind === "bit" || kind === "bits") {
    const place = Math.floor(random() * bytes.length);
    for (let at = place; at < place + (kind === "bit" ? 1 : 64) && at < bytes.length; at += 1)
      bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8));
    noteItems(readFileSync(path), place, place + 64, hurt);
    writeFileSync(path, bytes);
  } else if (kind === "zeros") {
    const from = Math.floor((random() * bytes.length) / 512) * 512;
    spoil(from, from + 4096);
    writeFileSync(path, bytes.fill(0, from, Math.min(bytes.length, from + 4096)));
  } else if (kind === "garbage") {
    writeFileSync(
      path,
      Buffer.concat([bytes, Buffer.from(Array.from({ length: between(random, 1, 600) }, () => Math.floor(random() * 256)))]),
    );
  } else if (kind === "gone") {
    spoil(0, bytes.length);
    rmSync(path);
  } else {
    const cut = kind === "torn" ? bytes.length - between(random, 1, 200) : Math.floor(random() * bytes.length);
    spoil(cut, bytes.length);
    truncateSync(path, cut);
  }
}

function injureDatabase(storage: string, random: Random): void {
  // Each of several workers has its own.
  const names = readdirSync(storage, { recursive: true, encoding: "utf8" });
  const [first = "state.db", ...others] = names.filter((name) => basename(name) === "state.db").toSorted();
  const path = join(storage, pick(random, [first, ...others]));
  const bytes = readFileSync(path);
  const at = Math.floor(random() * bytes.length);
  writeFileSync(path, bytes.fill(Math.floor(random() * 256), at, at + 32));
}

/** Notes the items of all records that touch the bytes from `from` to `to`. */
function noteItems(bytes: Buffer, from: number, to: number, hurt: Hurt): void {
  let start = 0;
  let end = bytes.length;
  for (let at = bytes.indexOf(RECORD_MAGIC); at >= 0; at = bytes.indexOf(RECORD_MAGIC, at + 1)) {
    if (at % ALIGNMENT !== 0) continue;
    if (at <= from) start = at;
    else if (at >= to) {
      end = at;
      break;
    }
  }
  const touched = bytes.subarray(start, end);
  for (const offset of idOffsets(touched)) {
    const { sender, sequence } = readId(touched, offset);
    hurt.add(`${sender}:${sequence}`);
  }
}
