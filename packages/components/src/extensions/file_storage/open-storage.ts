import { join } from "node:path";
import {
  messageOf,
  type Clock,
  type DeadLetterReason,
  type DurableQueue,
  type Logger,
  type NewRecord,
  type Random,
  type Storage,
  type Timer,
} from "@tidemark/core";
import type { FileLayer } from "./disk/file-layer.ts";
import { HeldDirectory } from "./disk/held-directory.ts";
import { Space, type SpaceLimits } from "./disk/space.ts";
import { storageError } from "./disk/storage-error.ts";
import { deleteStorageFolder, queuesFolder } from "./disk/storage-folders.ts";
import { OpenLetters, type ReplayTarget } from "./letters/open-letters.ts";
import { openOwnerLog } from "./log/open-owner-log.ts";
import { ownerOfFolder } from "./log/owner-name.ts";
import type { RecordLog } from "./log/record-log.ts";
import { deleteSpareFiles } from "./log/spare-files.ts";
import type { OpenedState, StateOptions } from "./state/state-calls.ts";
import { StateClient, type ClientEnvironment } from "./state/state-client.ts";

const NEWS_EVERY_MS = 500;
/** By then all components have opened their queues. */
const COMPLAIN_AFTER_LOOKS = 20;
const UNAVAILABLE_FOR_MS = 2 * NEWS_EVERY_MS;
const SMALLEST_SEGMENT_BYTES = 64 * 1024;
const LARGEST_SEGMENT_BYTES = 4 * 1024 * 1024;
// So that what is done with, and waits for its neighbours, is a small part of the budget.
const SEGMENTS_IN_BUDGET = 16;
// What a fast disk takes until the next files are done with: these are noted many at a time. None without fsync: there is no sync to be faster, and
// a power cut may leave a file its old name or its old bytes.
const MOST_SPARE_BYTES = 32 * 1024 * 1024;
const SPARE_SHARE = 1 / 8;

/** Which directory is opened, and how. */
export interface StorageOptions extends StateOptions {
  readonly limits: SpaceLimits;
  /** How long to wait for another process that has the directory. */
  readonly lockTimeoutMs: number;
  readonly pid: number;
}

/** What a storage works with. */
export interface StorageEnvironment extends Pick<ClientEnvironment, "startThread"> {
  readonly files: FileLayer;
  readonly folderMode: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Records that cannot be read any more. */
  readonly damaged: (records: number) => void;
  /** Something is wrong that holds for the next moments; said again while it lasts. */
  readonly unavailable: (message: string, forMs: number) => void;
}

/** What is in a directory. */
export interface Leftovers {
  /** In queues that are open. */
  readonly records: number;
  readonly letters: number;
  /** Owners of queues that nobody has opened and that are not empty. */
  readonly unopened: readonly string[];
}

interface OpenQueue extends ReplayTarget {
  readonly listeners: Set<() => void>;
  users: number;
  replaying: boolean;
}

/** One storage directory in use: the queues of its owners, and their dead letters. */
export class OpenStorage implements Storage {
  readonly space: Space;
  readonly #segmentBytes: number;
  readonly #mostSpares: number;
  readonly #directory: HeldDirectory;
  readonly #state: StateClient;
  readonly #letters: OpenLetters;
  readonly #environment: StorageEnvironment;
  readonly #queues: Map<string, OpenQueue> = new Map();
  readonly #closing: Map<string, Promise<void>> = new Map();
  #timer: Timer | undefined;
  #looks = 0;
  #isClosed = false;

  private constructor(
    { limits, fsync }: Pick<StorageOptions, "limits" | "fsync">,
    { directory, state }: { readonly directory: HeldDirectory; readonly state: StateClient },
    environment: StorageEnvironment,
  ) {
    this.#directory = directory;
    this.#segmentBytes = Math.min(LARGEST_SEGMENT_BYTES, Math.max(SMALLEST_SEGMENT_BYTES, Math.ceil(limits.maxBytes / SEGMENTS_IN_BUDGET)));
    const spareBytes = fsync ? Math.min(MOST_SPARE_BYTES, limits.maxBytes * SPARE_SHARE) : 0;
    this.#mostSpares = Math.floor(spareBytes / this.#segmentBytes);
    this.#state = state;
    this.#environment = environment;
    const { files, clock, log } = environment;
    this.space = new Space(limits, { files, directory: directory.path, clock });
    this.#letters = new OpenLetters({ directory: directory.path, state, space: this.space, clock, log });
  }

  /**
   * Takes a directory that exists and opens its database.
   * @throws Error in words for users when it is in use, damaged, or of another version.
   */
  static async open(
    options: StorageOptions,
    environment: StorageEnvironment,
  ): Promise<{ readonly storage: OpenStorage; readonly opened: OpenedState }> {
    const { lockTimeoutMs: timeoutMs, pid, fsync, recreate } = options;
    const { clock, log, files, folderMode, startThread } = environment;
    const directory = await HeldDirectory.take(options.directory, { clock, timeoutMs }, { files, folderMode, pid });
    await deleteSpareFiles(files, queuesFolder(directory.path)).catch(() => undefined);
    const { state, opened } = await StateClient.start(
      { directory: directory.path, fsync, recreate },
      { clock, log, ...(startThread === undefined ? {} : { startThread }) },
    ).catch((error: unknown) => {
      directory.release();
      throw error;
    });
    const storage = new OpenStorage(options, { directory, state }, environment);
    storage.space.letterBytes = opened.letters.bytes;
    await storage.space.measure();
    storage.#listen();
    return { storage, opened };
  }

  /** Opens the queue of an owner. Whoever opens it a second time shares it: a reload has the old and the new component for a moment. */
  async openQueue(owner: string): Promise<DurableQueue> {
    await this.#closing.get(owner);
    const queue = this.#queues.get(owner) ?? this.#newQueue(owner);
    queue.users += 1;
    try {
      const log = await queue.log;
      void this.#replay(owner);
      return this.#handle(owner, queue, log);
    } catch (error) {
      this.#queues.delete(owner);
      throw storageError(error, this.#directory.path);
    }
  }

  async buryNew(owner: string, record: NewRecord, reason: DeadLetterReason): Promise<void> {
    this.space.take(record.bytes.length);
    await this.#letters.bury(owner, record, reason).finally(() => (this.space.queuedBytes -= record.bytes.length));
  }

  /** What would be lost if the directory were deleted. */
  async leftovers(): Promise<Leftovers> {
    const { files } = this.#environment;
    const folder = queuesFolder(this.#directory.path);
    const unopened: string[] = [];
    let records = 0;
    for (const name of await files.list(folder)) {
      const owner = ownerOfFolder(name);
      const queue = this.#queues.get(owner);
      if (queue !== undefined) records += (await queue.log).totals.records;
      else if ((await files.list(join(folder, name))).length > 0) unopened.push(owner);
    }
    return { records, letters: await this.#letters.count(), unopened };
  }

  /** Gives the dead letters that nobody wants to be sent again to another storage. A crash in the middle may leave some of them in both. */
  moveLettersTo(other: OpenStorage): Promise<void> {
    return this.#letters.moveTo(other.#letters);
  }

  /** Closes it, and deletes its files if nothing is left in them; resolves with whether that was so. */
  async closeAndDelete(): Promise<boolean> {
    await this.#close();
    try {
      await deleteStorageFolder(this.#directory.path);
      return true;
    } catch (error) {
      // A file is left in it: it is opened again.
      this.#environment.log.info("A storage folder could not be deleted yet.", {
        directory: this.#directory.path,
        error: messageOf(error),
      });
      return false;
    } finally {
      this.#directory.release();
    }
  }

  /** Closes what is still open, and lets the directory go. */
  async close(): Promise<void> {
    await this.#close();
    this.#directory.release();
  }

  async #close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#letters.news.end();
    for (const queue of this.#queues.values()) await queue.log.then((log) => log.close()).catch(() => undefined);
    this.#queues.clear();
    await Promise.all(this.#closing.values());
    await this.#state.close().catch(() => undefined);
  }

  #newQueue(owner: string): OpenQueue {
    const environment = { ...this.#environment, directory: this.#directory.path, space: this.space, state: this.#state };
    const folder = queuesFolder(this.#directory.path);
    const log = openOwnerLog(owner, { folder, segmentBytes: this.#segmentBytes, mostSpares: this.#mostSpares }, environment);
    const queue: OpenQueue = { log, listeners: new Set(), returned: new Set(), users: 0, replaying: false };
    this.#queues.set(owner, queue);
    return queue;
  }

  #handle(owner: string, queue: OpenQueue, log: RecordLog): DurableQueue {
    const own = new Set<() => void>();
    let closed: Promise<void> | undefined;
    return {
      get totals() {
        return log.totals;
      },
      append: (record) => log.append(record),
      read: (after, count, mostBytes) => log.read(after, count, mostBytes),
      remove: (ids) => log.remove(ids),
      bury: (id, reason) => log.bury(id, reason).then(() => this.#letters.news.add(owner, reason)),
      // A full storage must be able to say goodbye to what fills it: without room for the dead letter no record would ever go.
      buryRequest: (record, reason) => this.#letters.bury(owner, record, reason),
      onReplayed(listener) {
        own.add(listener);
        queue.listeners.add(listener);
      },
      close: () => {
        for (const listener of own) queue.listeners.delete(listener);
        closed ??= this.#leave(owner, queue, log);
        return closed;
      },
    };
  }

  async #leave(owner: string, queue: OpenQueue, log: RecordLog): Promise<void> {
    queue.users -= 1;
    if (queue.users > 0 || this.#queues.get(owner) !== queue) return;
    this.#queues.delete(owner);
    const closing = log.close().finally(() => {
      this.#closing.delete(owner);
    });
    this.#closing.set(owner, closing);
    await closing;
    // Its records stay on the disk and are counted again when it is opened again.
    this.space.queuedBytes -= log.totals.bytes;
  }

  #listen(): void {
    if (this.#isClosed) return;
    this.#timer = this.#environment.clock.setTimeout(() => {
      void this.#hear().finally(() => this.#listen());
    }, NEWS_EVERY_MS);
  }

  /** Looks whether another process has dropped dead letters, or wants some of them sent again. */
  async #hear(): Promise<void> {
    this.#letters.news.tell();
    this.#looks += 1;
    try {
      if (!(await this.#hasDirectory())) return;
      const { fault } = this.#state;
      if (fault !== undefined) return this.#environment.unavailable(fault, UNAVAILABLE_FOR_MS);
      await this.#letters.hear();
      if (this.#looks === COMPLAIN_AFTER_LOOKS) await this.#tellUnopened();
    } catch (error) {
      this.#environment.log.warn("The storage cannot be looked through. Trying again.", { error: messageOf(error) });
    }
    for (const owner of this.#letters.wanted) await this.#replay(owner);
  }

  /** A component that was renamed or taken out must not leave data behind without a word. */
  async #tellUnopened(): Promise<void> {
    const { unopened } = await this.leftovers();
    if (unopened.length === 0 || this.#isClosed) return;
    const message =
      "The storage holds batches of components that are not in the configuration. They are sent when a component of that name is back.";
    this.#environment.log.warn(message, { directory: this.#directory.path, components: unopened.join(", ") });
  }

  /** Looks whether the directory is still there; makes and takes it anew where somebody has deleted it. */
  async #hasDirectory(): Promise<boolean> {
    const isIntact = this.#directory.isIntact();
    if (!isIntact && !(await this.#beginAnew())) return false;
    for (const queue of this.#queues.values()) await (await queue.log).checkFiles();
    if (!isIntact) this.space.closed = undefined;
    return isIntact;
  }

  async #beginAnew(): Promise<boolean> {
    const { log, unavailable } = this.#environment;
    const { path } = this.#directory;
    const message = `the directory ${path} was deleted while it was in use`;
    // Whoever makes it next may be another process.
    this.space.closed = message;
    const problem = await this.#directory.retake();
    if (problem !== undefined) {
      unavailable(`${message}, and ${problem}`, UNAVAILABLE_FOR_MS);
      return false;
    }
    log.error("The directory of the storage was deleted while it was in use. It is made anew; what was stored in it is lost.", {
      directory: path,
    });
    this.#state.restart();
    return true;
  }

  async #replay(owner: string): Promise<void> {
    const queue = this.#queues.get(owner);
    if (queue === undefined || queue.replaying || this.#isClosed) return;
    queue.replaying = true;
    const replayed = await this.#letters.replay(owner, queue);
    queue.replaying = false;
    if (replayed > 0) for (const listener of queue.listeners) listener();
  }
}
