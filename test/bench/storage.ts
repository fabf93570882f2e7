// Durable appends of the file_storage extension, against plain sequential writes of the same bytes with one sync for each group
// (the most that the disk can do), against SQLite alone, and against LMDB where that can be installed; by turns, in one run.
//   npm run bench storage [-- --seconds 0.3 --rounds 5 --directory /var/tmp --lmdb]
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { systemClock } from "@tidemark/core";
import { testContext } from "@tidemark/core/testing";
import { fileStorageExtension } from "@tidemark/components/extensions/file_storage";
import { median } from "../lib/median.ts";
import { plainWrites } from "./storage/plain-writes.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "0.3" },
    rounds: { type: "string", default: "5" },
    directory: { type: "string", default: tmpdir() },
    lmdb: { type: "boolean", default: false },
  },
});
const FOR_MS = Number(values.seconds) * 1000;
const SIZES = [10_000, 70_000, 700_000];
const APPENDERS = [1, 4, 16, 64];
/** Records of a queue that is not empty: the oldest goes when a new one comes. */
const KEPT = 64;
/** Durable appends must come to this share of what plain writes reach. */
const TARGET = 0.7;

/** Stores records until the time is up; gives records per second and microseconds of the main thread for each. */
interface Contender {
  readonly name: string;
  readonly append: (bytes: Uint8Array) => Promise<unknown>;
  readonly close: () => Promise<void>;
}

interface Speed {
  readonly perSecond: number;
  readonly mainMicros: number;
}

const folder = mkdtempSync(join(values.directory, "tidemark-bench-storage-"));
let folders = 0;

function freshFolder(): string {
  folders += 1;
  const path = join(folder, String(folders));
  mkdirSync(path);
  return path;
}

function plain(bytes: number, appenders: number, forMs = FOR_MS): Speed {
  const perSecond = plainWrites(freshFolder(), { bytes, appenders, forMs });
  return { perSecond, mainMicros: 1e6 / perSecond };
}

async function drive(contender: Contender, bytes: number, appenders: number): Promise<Speed> {
  const record = new Uint8Array(bytes).fill(7);
  let records = 0;
  const started = performance.now();
  const before = process.threadCpuUsage();
  const appender = async (): Promise<void> => {
    for (; performance.now() - started < FOR_MS; records += 1) await contender.append(record);
  };
  await Promise.all(Array.from({ length: appenders }, appender));
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.threadCpuUsage(before);
  await contender.close();
  return { perSecond: records / seconds, mainMicros: (user + system) / records };
}

async function fileStorage(): Promise<Contender> {
  const directory = freshFolder();
  const config = fileStorageExtension.config.parse({ directory, min_free_bytes: 0 });
  const extension = fileStorageExtension.create(config, { ...testContext({ kind: "extension" }), clock: systemClock });
  await extension.start?.();
  const queue = await extension.storage?.openQueue("exporter/bench");
  if (queue === undefined) throw new Error("file_storage gives no storage");
  const kept: number[] = [];
  return {
    name: "file_storage",
    async append(bytes) {
      kept.push(await queue.append({ signal: "traces", items: 100, bytes, receivedAt: 1, transport: "http" }));
      if (kept.length >= 2 * KEPT) await queue.remove(kept.splice(0, KEPT));
    },
    async close() {
      await queue.close();
      await extension.shutdown?.(AbortSignal.timeout(5000));
      rmSync(directory, { recursive: true });
    },
  };
}

// A thread that stores everything that has arrived in one transaction, and takes out what is older.
const SQLITE_THREAD = `
  const { parentPort, workerData, receiveMessageOnPort } = require("node:worker_threads");
  const database = new (require("node:sqlite").DatabaseSync)(workerData);
  database.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE records (id INTEGER PRIMARY KEY, body BLOB)");
  const insert = database.prepare("INSERT INTO records (body) VALUES (?)");
  const remove = database.prepare("DELETE FROM records WHERE id <= ?");
  let id = 0;
  parentPort.on("message", (first) => {
    const messages = [first];
    for (let more; messages.length < 256 && (more = receiveMessageOnPort(parentPort)); ) messages.push(more.message);
    const records = messages.filter((message) => message !== "close");
    database.exec("BEGIN");
    for (const bytes of records) { insert.run(bytes); id += 1; }
    remove.run(id - ${KEPT});
    database.exec("COMMIT");
    parentPort.postMessage(records.length);
    if (records.length < messages.length) { database.close(); parentPort.close(); }
  });`;

function sqliteAlone(): Promise<Contender> {
  const directory = freshFolder();
  const worker = new Worker(SQLITE_THREAD, { eval: true, workerData: join(directory, "records.db") });
  const waiting: (() => void)[] = [];
  worker.on("message", (count: number) => {
    for (const resolve of waiting.splice(0, count)) resolve();
  });
  return Promise.resolve({
    name: "SQLite",
    append: (bytes) =>
      new Promise<void>((resolve) => {
        waiting.push(resolve);
        worker.postMessage(bytes, []);
      }),
    async close() {
      const ended = new Promise((resolve) => void worker.once("exit", resolve));
      worker.postMessage("close", []);
      await ended;
      rmSync(directory, { recursive: true });
    },
  });
}

interface Lmdb {
  open(options: object): { put(key: number, value: Uint8Array): Promise<unknown>; remove(key: number): unknown; close(): Promise<void> };
}

/** LMDB is no dependency of this repository: it is installed for one run, when asked for. */
function installLmdb(): Lmdb | undefined {
  const target = join(folder, "npm");
  mkdirSync(target);
  try {
    execFileSync("npm", ["install", "--no-audit", "--no-fund", "--prefix", target, "lmdb@3"], { stdio: "ignore" });
    return createRequire(join(target, "index.js"))("lmdb") as Lmdb;
  } catch {
    console.log("LMDB cannot be installed here; it is left out.");
    return undefined;
  }
}

function lmdbContender(lmdb: Lmdb): Promise<Contender> {
  const directory = freshFolder();
  const database = lmdb.open({ path: join(directory, "records"), encoding: "binary", overlappingSync: false, mapSize: 2 ** 32 });
  let id = 0;
  return Promise.resolve({
    name: "LMDB",
    async append(bytes) {
      id += 1;
      if (id > KEPT) void database.remove(id - KEPT);
      await database.put(id, bytes);
    },
    async close() {
      await database.close();
      rmSync(directory, { recursive: true });
    },
  });
}

async function compare(makers: readonly (() => Promise<Contender>)[], bytes: number, appenders: number): Promise<boolean> {
  const samples = new Map<string, Speed[]>();
  const shares = new Map<string, Speed[]>();
  const note = (into: Map<string, Speed[]>, name: string, speed: Speed): void => void into.set(name, [...(into.get(name) ?? []), speed]);
  for (let round = 0; round < Number(values.rounds); round += 1) {
    const ceiling = plain(bytes, appenders);
    note(samples, "plain", ceiling);
    for (const make of makers) {
      const contender = await make();
      const speed = await drive(contender, bytes, appenders);
      note(samples, contender.name, speed);
      // Against the plain writes just before: other users of the disk slow both down.
      note(shares, contender.name, { ...speed, perSecond: speed.perSecond / ceiling.perSecond });
    }
  }
  const cells = [...samples].map(([name, speeds]) => {
    const perSecond = median(speeds.map((speed) => speed.perSecond));
    const rate = `${name} ${perSecond.toFixed(0).padStart(6)}/s ${((perSecond * bytes) / 1e6).toFixed(0).padStart(5)} MB/s`;
    if (name === "plain") return rate;
    const share = median((shares.get(name) ?? []).map((each) => each.perSecond));
    return `${rate} ${(100 * share).toFixed(0).padStart(3)} %, main ${median(speeds.map(({ mainMicros }) => mainMicros)).toFixed(0)} µs`;
  });
  const good = median((shares.get("file_storage") ?? []).map((each) => each.perSecond)) >= TARGET;
  console.log(
    `${String(bytes / 1000).padStart(3)} KB × ${String(appenders).padStart(2)}  ${cells.join(" | ")}  ${good ? "PASS" : "FAILED"}`,
  );
  return good;
}

let failed = 0;
try {
  const sync = plain(4096, 1);
  console.log(`one 4 KiB write with its sync takes ${(1e6 / sync.perSecond).toFixed(0)} µs in ${values.directory}`);
  const lmdb = values.lmdb ? installLmdb() : undefined;
  const makers = [fileStorage, sqliteAlone, ...(lmdb === undefined ? [] : [() => lmdbContender(lmdb)])];
  for (const bytes of SIZES) {
    for (const appenders of APPENDERS) if (!(await compare(makers, bytes, appenders))) failed += 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failed === 0 ? 0 : 1;
