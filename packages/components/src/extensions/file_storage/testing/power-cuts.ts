import { seededRandom, recordingLogger, VirtualClock, type LoggedLine } from "@tidemark/core/testing";
import type { Random } from "@tidemark/core";
import { openOwnerLog } from "../log/open-owner-log.ts";
import type { RecordLog } from "../log/record-log.ts";
import { Space } from "../disk/space.ts";
import { EMPTY_DISK, PowerDisk, type DiskImage } from "./power-disk.ts";
import { numberOf, record } from "./storage-kit.ts";

const LIVES = 3;
const ACTIONS = 40;
const LARGEST = 2500;
/** So that a life has several segments, and files are used again. */
const SEGMENT_BYTES = 6000;
const BOLDNESS = [0, 0.5, 1];
const DIRECTORY = "/storage";
/** A storage that has refused something takes no more for a moment. */
const PAUSE_MS = 250;
/** The share of states of the disk that are opened twice. */
const OPENED_TWICE = 0.4;

/** When something happened, in steps of the disk. */
interface Fate {
  storedAt: number;
  /** From here on it may be gone: somebody asked for that. */
  leftAt: number;
  /** It goes to the dead letters, and is there from here on. */
  buriedAt: number;
  readonly toLetters: boolean;
}

/** What a seed has shown. */
export interface PowerCutResult {
  /** States of the disk that were opened again. */
  readonly images: number;
  readonly stored: number;
  /** Segments that began in a file that had been one before. */
  readonly reused: number;
  readonly faults: readonly string[];
}

/** What is wrong with the disk, for tests of the test. */
export interface DiskOptions {
  /** Folders are never synced. */
  readonly forgetsNames?: boolean;
  /** The chance that a write fails. */
  readonly failures?: number;
}

/**
 * Lets a log live a few lives, each ended by a power cut, and opens for every step of each life several of the states that the disk may be
 * in: everything that was acknowledged and not asked to go is there, what was noted as delivered is not, and nothing is reported as damaged.
 */
export async function runPowerCuts(seed: number, options: DiskOptions = {}): Promise<PowerCutResult> {
  const random = seededRandom(Math.imul(seed + 1, 0x9e37_79b1));
  const faults: string[] = [];
  const fates = new Map<number, Fate>();
  let image = EMPTY_DISK;
  let images = 0;
  let reused = 0;
  for (let life = 0; life < LIVES; life += 1) {
    const disk = options.forgetsNames === true ? forgetful(image, random) : new PowerDisk(image, random);
    disk.failures = options.failures ?? 0;
    await live(disk, fates, life, random);
    reused += disk.steps.filter((step) => step.kind === "rename" && step.to.endsWith(".log")).length;
    for (let steps = 0; steps <= disk.steps.length; steps += 1) {
      for (const boldness of BOLDNESS) {
        const found = disk.imageAfter(steps, random, boldness);
        images += 1;
        const wrong = await whatIsWrong(found, fates, { steps, earlier: image.transactions.length }, random);
        faults.push(
          ...wrong.map((text) => `seed ${seed}, life ${life}, power cut after step ${steps} (${disk.steps[steps - 1]?.kind}): ${text}`),
        );
      }
    }
    const end = Math.floor(random() * (disk.steps.length + 1));
    image = disk.imageAfter(end, random, 0.5);
    if (faults.length > 0) break;
    await keepWhatIsThere(fates, image, random);
  }
  return { images, stored: fates.size, reused, faults };
}

function forgetful(image: DiskImage, random: Random): PowerDisk {
  const disk = new PowerDisk(image, random);
  disk.syncDirectory = () => Promise.resolve();
  return disk;
}

interface Opened {
  readonly log: RecordLog;
  readonly clock: VirtualClock;
  readonly lines: readonly LoggedLine[];
}

async function open(disk: PowerDisk, random: Random): Promise<Opened> {
  const clock = new VirtualClock();
  const lines: LoggedLine[] = [];
  const log = await openOwnerLog(
    "a",
    { folder: DIRECTORY, segmentBytes: SEGMENT_BYTES, mostSpares: 2 },
    {
      files: disk,
      directory: DIRECTORY,
      space: new Space({ maxBytes: 2 ** 30, minFreeBytes: 0 }, { files: disk, directory: DIRECTORY, clock }),
      state: disk.state,
      clock,
      random,
      folderMode: 0o700,
      log: recordingLogger(lines),
      damaged: () => {},
    },
  );
  return { log, clock, lines };
}

async function live(disk: PowerDisk, fates: Map<number, Fate>, life: number, random: Random): Promise<void> {
  const { log, clock } = await open(disk, random);
  const now = (): number => disk.steps.length;
  const ids = new Map((await log.read(0, 1_000_000)).map((each) => [numberOf(each), each.id]));
  let next = life * 1_000_000;
  const appends: Promise<unknown>[] = [];
  for (let action = 0; action < ACTIONS; action += 1) {
    const dice = random();
    if (dice < 0.55) {
      for (let more = Math.floor(random() * 4); more >= 0; more -= 1) {
        const number = next++;
        const appended = log.append(record(number, 4 + Math.floor(random() * LARGEST))).then(
          (id) => {
            fates.set(number, { storedAt: now(), leftAt: Number.POSITIVE_INFINITY, buriedAt: Number.POSITIVE_INFINITY, toLetters: false });
            ids.set(number, id);
          },
          // Who is refused comes again with another record.
          () => clock.advance(PAUSE_MS),
        );
        appends.push(appended);
      }
    } else if (dice < 0.8) await clock.advance(25);
    else await leave(log, { fates, ids, now, buries: dice > 0.95, count: Math.floor(random() * 12) });
    if (random() < 0.5) await Promise.all(appends.splice(0));
  }
  await Promise.all(appends);
  await clock.advance(25);
  if (random() < 0.5) await log.close();
}

/** Takes the oldest records out of the queue: delivered, or given up. */
async function leave(
  log: RecordLog,
  work: {
    readonly fates: Map<number, Fate>;
    readonly ids: Map<number, number>;
    readonly now: () => number;
    readonly buries: boolean;
    readonly count: number;
  },
): Promise<void> {
  const { fates, ids, now, buries, count } = work;
  const oldest = [...ids].slice(0, buries ? 1 : count);
  for (const [number] of oldest) {
    ids.delete(number);
    const fate = fates.get(number);
    if (fate !== undefined) fates.set(number, { ...fate, leftAt: now(), toLetters: buries });
  }
  if (!buries) return log.remove(oldest.map(([, id]) => id));
  for (const [number, id] of oldest) {
    await log.bury(id, { reason: "rejected", message: "", attempts: 1 });
    const fate = fates.get(number);
    if (fate !== undefined) fate.buriedAt = now();
  }
}

async function whatIsWrong(
  image: DiskImage,
  fates: ReadonlyMap<number, Fate>,
  { steps, earlier }: { readonly steps: number; readonly earlier: number },
  random: Random,
): Promise<string[]> {
  const disk = new PowerDisk(image, random);
  const { log, lines, clock } = await open(disk, random);
  const records = await log.read(0, 1_000_000);
  const queued = new Set(records.map(numberOf));
  const letters = lettersOf(image);
  const wrong: string[] = [];
  for (const [number, { storedAt, leftAt, buriedAt, toLetters }] of fates) {
    if (storedAt > steps || queued.has(number) || letters.has(number)) continue;
    if (leftAt > steps) wrong.push(`the record ${number} was stored at step ${storedAt} and is lost`);
    else if (toLetters && buriedAt <= steps) wrong.push(`the dead letter ${number} is lost`);
    else if (toLetters) wrong.push(`the record ${number} is on its way to the dead letters and lost`);
  }
  wrong.push(
    ...lines
      .filter(({ level }) => level === "error")
      .map(({ fields }) => String(fields["problem"]))
      .filter((text) => !isTornGroup(text)),
  );
  // A later life may give the ids of an earlier one again.
  const removed = removedIn(image.transactions.slice(earlier));
  for (const each of records)
    if (removed.has(each.id)) wrong.push(`the record ${numberOf(each)} was noted as delivered and is there again`);
  if (log.totals.records !== records.length) wrong.push(`the books say ${log.totals.records} records, and there are ${records.length}`);
  const ids = records.map(({ id }) => id);
  if (ids.some((id, index) => index > 0 && id <= (ids[index - 1] ?? 0))) wrong.push("the order is not kept");
  if (random() < OPENED_TWICE) wrong.push(...(await whatIsWrongNextTime({ disk, log, clock, ids }, random)));
  return wrong;
}

/** A start has told all that there is to tell, and takes nothing else away than what is delivered after it. */
async function whatIsWrongNextTime(
  { disk, log, clock, ids }: Pick<Opened, "log" | "clock"> & { readonly disk: PowerDisk; readonly ids: readonly number[] },
  random: Random,
): Promise<string[]> {
  const delivered = new Set(ids.filter(() => random() < 0.3));
  await log.remove([...delivered]);
  if (random() < 0.5) await log.append(record(1_000_000_000, 100));
  await clock.advance(25);
  // Until the database has all of it.
  for (let turn = 0; turn < 40; turn += 1) await new Promise((resolve) => void setImmediate(resolve));
  const next = await open(new PowerDisk(disk.imageAfter(disk.steps.length, random, 1), random), random);
  const found = new Set((await next.log.read(0, 1_000_000)).map(({ id }) => id));
  const wrong = next.lines.filter(({ level }) => level === "error").map(({ fields }) => `the next start: ${String(fields["problem"])}`);
  for (const id of ids) {
    if (delivered.has(id) && found.has(id)) wrong.push(`the record ${id} was delivered after a start, and is there at the next`);
    if (!delivered.has(id) && !found.has(id)) wrong.push(`the record ${id} was there at a start, and is lost at the next`);
  }
  return wrong;
}

/**
 * Of a group that was being written when the power went, a later record may have reached the disk and an earlier one not. Nobody was told
 * that they are stored, but that cannot be known from the disk: it is reported, to be sure.
 */
function isTornGroup(problem: string): boolean {
  return /are damaged$|^nothing in .* can be read$/.test(problem);
}

/** Ids of which the database knows that they are done with. */
function removedIn(transactions: DiskImage["transactions"]): Set<number> {
  const ids = new Set<number>();
  for (const { firstId, removed } of transactions.flatMap(({ marks }) => marks))
    for (let bit = 0; bit < removed.length * 8; bit += 1) if (((removed[bit >>> 3] ?? 0) & (1 << (bit & 7))) !== 0) ids.add(firstId + bit);
  return ids;
}

function lettersOf({ transactions }: DiskImage): Set<number> {
  return new Set(
    transactions.flatMap(({ burials }) =>
      burials.filter(({ reason }) => reason.reason !== "corrupt").map(({ record: each }) => numberOf(each)),
    ),
  );
}

/** The next life counts its own steps: what is there now was stored before all of them. */
async function keepWhatIsThere(fates: Map<number, Fate>, image: DiskImage, random: Random): Promise<void> {
  const { log } = await open(new PowerDisk(image, random), random);
  const queued = new Set((await log.read(0, 1_000_000)).map(numberOf));
  fates.clear();
  for (const number of queued)
    fates.set(number, { storedAt: 0, leftAt: Number.POSITIVE_INFINITY, buriedAt: Number.POSITIVE_INFINITY, toLetters: false });
}
