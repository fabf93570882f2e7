import { dirname } from "node:path";
import type { Random } from "@tidemark/core";
import type { FileLayer, LogFile } from "../disk/file-layer.ts";
import type { SegmentMarks } from "../log/segment.ts";
import type { Burial, StateCalls } from "../state/state-calls.ts";
import type { StateClient } from "../state/state-client.ts";

/** One transaction of the database. */
interface Transaction {
  readonly marks: readonly SegmentMarks[];
  readonly gone: readonly number[];
  readonly burials: readonly Burial[];
}

/** What was asked of the disk, in the order in which it happened. Between `…Begins` and its end a part may have happened. */
type Step =
  | { readonly kind: "create"; readonly path: string; readonly file: number }
  | { readonly kind: "remove"; readonly path: string }
  | { readonly kind: "rename"; readonly path: string; readonly to: string }
  | { readonly kind: "syncBegins"; readonly directory: string; readonly sync: number }
  | { readonly kind: "syncEnds"; readonly sync: number }
  | { readonly kind: "writeBegins"; readonly file: number; readonly position: number; readonly bytes: Buffer; readonly write: number }
  | { readonly kind: "writeEnds"; readonly write: number }
  | { readonly kind: "writeFails"; readonly write: number; readonly file: number; readonly content: Buffer }
  | { readonly kind: "truncate"; readonly file: number; readonly length: number }
  | { readonly kind: "commitBegins"; readonly transaction: Transaction }
  | { readonly kind: "commitSynced"; readonly commits: number };

/** What a disk holds after a power cut. */
export interface DiskImage {
  readonly files: ReadonlyMap<string, Buffer>;
  readonly transactions: readonly Transaction[];
}

const SECTOR = 512;
const MOST_TURNS = 3;

export const EMPTY_DISK: DiskImage = { files: new Map(), transactions: [] };

/**
 * A disk in memory that writes down every call, and says what it may hold when the power goes after any of them. Writes are on the disk
 * when they have ended (O_DSYNC), in any part of their sectors before; names when their folder has been synced, each for itself before;
 * transactions of the database in their order, all of them once one has been synced.
 */
export class PowerDisk implements FileLayer {
  readonly steps: Step[] = [];
  readonly #start: DiskImage;
  readonly #random: Random;
  readonly #names: Map<string, number> = new Map();
  readonly #contents: Buffer[] = [];
  /** The chance that a write fails; then a part of its sectors is on the disk. */
  failures = 0;
  #counter = 0;
  #commits = 0;

  constructor(start: DiskImage, random: Random) {
    this.#start = start;
    this.#random = random;
    for (const [path, bytes] of start.files) this.#names.set(path, this.#contents.push(Buffer.from(bytes)) - 1);
  }

  /** The database beside the files, in memory as well. */
  readonly state: Pick<StateClient, "call"> = {
    call: async <K extends keyof StateCalls>(name: K, args: Parameters<StateCalls[K]>): Promise<ReturnType<StateCalls[K]>> => {
      await this.#turns();
      // The arguments belong to the name.
      if (name === "saveMarks") {
        const [, marks, gone, durable] = args as Parameters<StateCalls["saveMarks"]>;
        await this.#commit({ marks, gone, burials: [] }, durable);
      } else if (name === "bury") {
        const [, burials, marks] = args as Parameters<StateCalls["bury"]>;
        await this.#commit({ marks, gone: [], burials }, true);
      } else if (name === "readMarks") return marksOf(this.#start.transactions) as ReturnType<StateCalls[K]>;
      return undefined as ReturnType<StateCalls[K]>;
    },
  };

  createDirectory(): Promise<void> {
    return this.#turns();
  }

  list(path: string): Promise<readonly string[]> {
    return Promise.resolve([...this.#names.keys()].filter((name) => dirname(name) === path).map((name) => name.slice(path.length + 1)));
  }

  async create(path: string): Promise<LogFile> {
    await this.#turns();
    const file = this.#contents.push(Buffer.alloc(0)) - 1;
    this.#names.set(path, file);
    this.steps.push({ kind: "create", path, file });
    return this.#handle(file);
  }

  open(path: string): Promise<LogFile> {
    const file = this.#names.get(path);
    return file === undefined
      ? Promise.reject(Object.assign(new Error(`ENOENT: ${path}`), { code: "ENOENT" }))
      : Promise.resolve(this.#handle(file));
  }

  reopen(path: string): Promise<LogFile> {
    return this.open(path);
  }

  async rename(path: string, to: string): Promise<void> {
    await this.#turns();
    const file = this.#names.get(path);
    if (file === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: "ENOENT" });
    this.#names.delete(path);
    this.#names.set(to, file);
    this.steps.push({ kind: "rename", path, to });
  }

  async remove(path: string): Promise<void> {
    await this.#turns();
    this.#names.delete(path);
    this.steps.push({ kind: "remove", path });
  }

  async syncDirectory(directory: string): Promise<void> {
    const sync = (this.#counter += 1);
    this.steps.push({ kind: "syncBegins", directory, sync });
    await this.#turns();
    this.steps.push({ kind: "syncEnds", sync });
  }

  freeBytes(): Promise<number> {
    return Promise.resolve(2 ** 40);
  }

  /** What may be there when the power goes after so many steps. `boldness` is the chance that something unsynced has happened. */
  imageAfter(steps: number, random: Random, boldness: number): DiskImage {
    const aftermath = new Aftermath(this.#start, () => random() < boldness, random);
    for (const step of this.steps.slice(0, steps)) aftermath.add(step);
    return aftermath.image();
  }

  async #commit(transaction: Transaction, durable: boolean): Promise<void> {
    const commits = (this.#commits += 1);
    this.steps.push({ kind: "commitBegins", transaction });
    await this.#turns();
    if (durable) this.steps.push({ kind: "commitSynced", commits });
  }

  #handle(file: number): LogFile {
    const content = (): Buffer => this.#contents[file] ?? Buffer.alloc(0);
    return {
      write: async (buffers, position) => {
        const bytes = Buffer.concat(buffers);
        const write = (this.#counter += 1);
        this.steps.push({ kind: "writeBegins", file, position, bytes, write });
        await this.#turns();
        if (this.failures > 0 && this.#random() < this.failures) {
          const torn = tornWrite(content(), { position, bytes }, () => this.#random() < 0.5, this.#random);
          this.#contents[file] = torn;
          this.steps.push({ kind: "writeFails", write, file, content: torn });
          throw new Error("EIO: injected");
        }
        this.#contents[file] = written(content(), position, bytes);
        this.steps.push({ kind: "writeEnds", write });
      },
      read: (length, position) => Promise.resolve(Buffer.from(content().subarray(position, position + length))),
      size: () => Promise.resolve(content().length),
      truncate: async (length) => {
        await this.#turns();
        this.#contents[file] = Buffer.from(content().subarray(0, length));
        this.steps.push({ kind: "truncate", file, length });
      },
      close: () => Promise.resolve(),
    };
  }

  /** Other calls may come in between. */
  async #turns(): Promise<void> {
    for (let turn = Math.floor(this.#random() * MOST_TURNS); turn >= 0; turn -= 1)
      await new Promise((resolve) => void setImmediate(resolve));
  }
}

/** The segments that the database knows of after these transactions. */
export function marksOf(transactions: readonly Transaction[]): SegmentMarks[] {
  const known = new Map<number, SegmentMarks>();
  for (const { marks, gone } of transactions) {
    for (const each of marks) known.set(each.number, each);
    for (const number of gone) known.delete(number);
  }
  return [...known.values()];
}

type NameChange = Extract<Step, { readonly kind: "create" | "remove" | "rename" }>;
type Write = Extract<Step, { readonly kind: "writeBegins" }>;

/** What is surely on a disk after some steps, and what may be. */
class Aftermath {
  readonly #names: Map<string, number> = new Map();
  readonly #contents: Buffer[] = [];
  readonly #happened: () => boolean;
  readonly #random: Random;
  readonly #syncs: Map<number, readonly NameChange[]> = new Map();
  readonly #writes: Map<number, Write> = new Map();
  readonly #transactions: Transaction[];
  readonly #earlier: number;
  #synced: number;
  #changes: NameChange[] = [];

  constructor(start: DiskImage, happened: () => boolean, random: Random) {
    this.#happened = happened;
    this.#random = random;
    for (const [path, bytes] of start.files) this.#names.set(path, this.#contents.push(bytes) - 1);
    this.#transactions = [...start.transactions];
    this.#earlier = this.#synced = this.#transactions.length;
  }

  add(step: Step): void {
    if (step.kind === "commitBegins") this.#transactions.push(step.transaction);
    else if (step.kind === "commitSynced") this.#synced = this.#earlier + step.commits;
    else if (
      step.kind === "create" ||
      step.kind === "remove" ||
      step.kind === "rename" ||
      step.kind === "syncBegins" ||
      step.kind === "syncEnds"
    )
      this.#addName(step);
    else this.#addBytes(step);
  }

  image(): DiskImage {
    for (const change of this.#changes) if (this.#happened()) this.#apply(change);
    for (const write of this.#writes.values())
      this.#contents[write.file] = tornWrite(this.#content(write.file), write, this.#happened, this.#random);
    while (this.#transactions.length > this.#synced && !this.#happened()) this.#transactions.pop();
    const files = [...this.#names].map(([path, file]): [string, Buffer] => [path, this.#content(file)]);
    return { files: new Map(files), transactions: this.#transactions };
  }

  #addName(step: NameChange | Extract<Step, { readonly sync: number }>): void {
    if (step.kind === "syncBegins") {
      const changes = this.#changes.filter(({ path }) => dirname(path) === step.directory);
      this.#syncs.set(step.sync, changes);
    } else if (step.kind === "syncEnds") {
      const synced = new Set(this.#syncs.get(step.sync));
      for (const change of this.#changes) if (synced.has(change)) this.#apply(change);
      this.#changes = this.#changes.filter((change) => !synced.has(change));
    } else {
      if (step.kind === "create") this.#contents[step.file] = Buffer.alloc(0);
      this.#changes.push(step);
    }
  }

  #addBytes(step: Write | Extract<Step, { readonly kind: "writeEnds" | "writeFails" | "truncate" }>): void {
    if (step.kind === "writeBegins") this.#writes.set(step.write, step);
    else if (step.kind === "writeFails") {
      this.#contents[step.file] = step.content;
      this.#writes.delete(step.write);
    } else if (step.kind === "truncate") {
      if (this.#happened()) this.#contents[step.file] = Buffer.from(this.#content(step.file).subarray(0, step.length));
    } else {
      const write = this.#writes.get(step.write);
      if (write !== undefined) this.#contents[write.file] = written(this.#content(write.file), write.position, write.bytes);
      this.#writes.delete(step.write);
    }
  }

  #apply(change: NameChange): void {
    if (change.kind === "create") this.#names.set(change.path, change.file);
    else {
      const file = this.#names.get(change.path);
      this.#names.delete(change.path);
      if (change.kind === "rename" && file !== undefined) this.#names.set(change.to, file);
    }
  }

  #content(file: number): Buffer {
    return this.#contents[file] ?? Buffer.alloc(0);
  }
}

/** Some sectors of a write, or its beginning up to any byte. */
function tornWrite(
  content: Buffer,
  { position, bytes }: { readonly position: number; readonly bytes: Buffer },
  happened: () => boolean,
  random: Random,
): Buffer {
  if (random() < 0.5)
    return happened() ? written(content, position, bytes.subarray(0, Math.floor(random() * (bytes.length + 1)))) : content;
  let torn = content;
  for (let from = 0; from < bytes.length;) {
    const to = Math.min(bytes.length, from + SECTOR - ((position + from) % SECTOR));
    if (happened()) torn = written(torn, position + from, bytes.subarray(from, to));
    from = to;
  }
  return torn;
}

function written(content: Buffer, position: number, bytes: Uint8Array): Buffer {
  const result = Buffer.alloc(Math.max(content.length, position + bytes.length));
  content.copy(result);
  result.set(bytes, position);
  return result;
}
