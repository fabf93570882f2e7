import { join } from "node:path";
import {
  PipelineError,
  type Clock,
  type DeadLetterReason,
  type DurableQueue,
  type Logger,
  type NewRecord,
  type Random,
  type Storage,
  type Timer,
} from "@tidemark/core";
import type { FileLayer } from "./log/file-layer.ts";
import { openOwnerLog } from "./log/open-owner-log.ts";
import { ownerOfFolder } from "./log/owner-name.ts";
import type { RecordLog } from "./log/record-log.ts";
import { replayLetters } from "./replay-letters.ts";
import { Space, type SpaceLimits } from "./space.ts";
import type { OpenedState, StateCalls, StateOptions } from "./state/state-calls.ts";
import { lockDirectory, tryLock, type DirectoryLock } from "./state/directory-lock.ts";
import { CORRUPT } from "./state/letters-table.ts";
import { StateClient, type ClientEnvironment } from "./state/state-client.ts";
import { storageError } from "./storage-error.ts";
import { deleteStorageFolder, queuesFolder } from "./storage-folders.ts";

const LETTERS_AT_ONCE = 32;
const NEWS_EVERY_MS = 500;
const UNAVAILABLE_FOR_MS = 2 * NEWS_EVERY_MS;
const SMALLEST_SEGMENT_BYTES = 64 * 1024;
const LARGEST_SEGMENT_BYTES = 16 * 1024 * 1024;
// So that what is done with, and waits for its neighbours, is a small part of the budget.
const SEGMENTS_IN_BUDGET = 16;

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

type FoundLetter = NonNullable<ReturnType<StateCalls["readLetter"]>>;

interface OpenQueue {
  readonly log: Promise<RecordLog>;
  readonly listeners: Set<() => void>;
  /** Letters whose records are in the queue again, and which the database still has. */
  readonly returned: Set<number>;
  users: number;
  replaying: boolean;
}

/** One storage directory in use: the queues of its owners, and their dead letters. */
export class OpenStorage implements Storage {
  readonly space: Space;
  readonly #directory: string;
  readonly #segmentBytes: number;
  readonly #state: StateClient;
  readonly #pid: number;
  /** Undefined while somebody else has deleted the directory, and it could not be taken again. */
  #lock: DirectoryLock | undefined;
  readonly #environment: StorageEnvironment;
  readonly #queues: Map<string, OpenQueue> = new Map();
  readonly #closing: Map<string, Promise<void>> = new Map();
  readonly #replays: Set<string> = new Set();
  #timer: Timer | undefined;
  #isClosed = false;

  private constructor(
    options: { readonly directory: string; readonly limits: SpaceLimits },
    { state, lock, pid }: { readonly state: StateClient; readonly lock: DirectoryLock; readonly pid: number },
    environment: StorageEnvironment,
  ) {
    const { directory, limits } = options;
    this.#directory = directory;
    this.#segmentBytes = Math.min(LARGEST_SEGMENT_BYTES, Math.max(SMALLEST_SEGMENT_BYTES, Math.ceil(limits.maxBytes / SEGMENTS_IN_BUDGET)));
    this.#state = state;
    this.#lock = lock;
    this.#pid = pid;
    this.#environment = environment;
    this.space = new Space(limits, { files: environment.files, directory, clock: environment.clock });
  }

  /**
   * Takes a directory that exists and opens its database.
   * @throws Error in words for users when it is in use, damaged, or of another version.
   */
  static async open(
    options: StorageOptions,
    environment: StorageEnvironment,
  ): Promise<{ readonly storage: OpenStorage; readonly opened: OpenedState }> {
    const { directory, limits, lockTimeoutMs, pid, fsync, recreate } = options;
    const { clock, log, startThread } = environment;
    const lock = await lockDirectory(directory, { timeoutMs: lockTimeoutMs, pid, clock });
    const { state, opened } = await StateClient.start(
      { directory, fsync, recreate },
      { clock, log, ...(startThread === undefined ? {} : { startThread }) },
    ).catch((error: unknown) => {
      lock.release();
      throw error;
    });
    const storage = new OpenStorage({ directory, limits }, { state, lock, pid }, environment);
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
      throw storageError(error, this.#directory);
    }
  }

  async buryNew(owner: string, record: NewRecord, reason: DeadLetterReason): Promise<void> {
    this.space.take(record.bytes.length);
    await this.#bury(owner, record, reason).finally(() => (this.space.queuedBytes -= record.bytes.length));
  }

  /** What would be lost if the directory were deleted. */
  async leftovers(): Promise<Leftovers> {
    const { files } = this.#environment;
    const folder = queuesFolder(this.#directory);
    const unopened: string[] = [];
    let records = 0;
    for (const name of await files.list(folder)) {
      const owner = ownerOfFolder(name);
      const queue = this.#queues.get(owner);
      if (queue !== undefined) records += (await queue.log).totals.records;
      else if ((await files.list(join(folder, name))).length > 0) unopened.push(owner);
    }
    const { letters } = await this.#state.call("letterTotals", []);
    return { records, letters, unopened };
  }

  /** Gives the dead letters that nobody wants to be sent again to another storage. A crash in the middle may leave some of them in both. */
  async moveLettersTo(other: OpenStorage): Promise<void> {
    for (;;) {
      const ids = await this.#state.call("firstLetters", [LETTERS_AT_ONCE]);
      for (const id of ids) {
        const found = await this.#state.call("readLetter", [id]);
        if (found !== undefined) await other.#takeLetter(found);
        await this.#state.call("deleteLetters", [[id]]);
      }
      if (ids.length < LETTERS_AT_ONCE) return;
    }
  }

  async #takeLetter({ letter, body, whole }: FoundLetter): Promise<void> {
    const { owner, message, attempts, buriedAt, signal, items, receivedAt, transport, metadata } = letter;
    const record = { signal, items, bytes: body, receivedAt, transport, ...(metadata === undefined ? {} : { metadata }) };
    const reason = { reason: whole ? letter.reason : CORRUPT, message, attempts };
    await this.#state.call("bury", [owner, [{ record, reason, buriedAt }], []]);
    this.space.letterBytes += letter.bytes;
  }

  /** Closes it, and deletes its files if nothing is left in them; resolves with whether that was so. */
  async closeAndDelete(): Promise<boolean> {
    await this.#close();
    try {
      await deleteStorageFolder(this.#directory);
      return true;
    } catch (error) {
      // A file is left in it: it is opened again.
      this.#environment.log.info("A storage folder could not be deleted yet.", { directory: this.#directory, error: String(error) });
      return false;
    } finally {
      this.#lock?.release();
    }
  }

  /** Closes what is still open, and lets the directory go. */
  async close(): Promise<void> {
    await this.#close();
    this.#lock?.release();
  }

  async #close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    for (const queue of this.#queues.values()) await queue.log.then((log) => log.close()).catch(() => undefined);
    this.#queues.clear();
    await Promise.all(this.#closing.values());
    await this.#state.close().catch(() => undefined);
  }

  async #bury(owner: string, record: NewRecord, reason: DeadLetterReason): Promise<void> {
    const bytes = Uint8Array.from(record.bytes);
    const letter = { record: { ...record, bytes }, reason, buriedAt: this.#environment.clock.now() };
    const size = bytes.length;
    try {
      await this.#state.call("bury", [owner, [letter], []], [bytes.buffer]);
    } catch (error) {
      throw storageError(error, this.#directory);
    }
    this.space.letterBytes += size;
  }

  #newQueue(owner: string): OpenQueue {
    const environment = { ...this.#environment, directory: this.#directory, space: this.space, state: this.#state };
    const folder = queuesFolder(this.#directory);
    const log = openOwnerLog(owner, { folder, segmentBytes: this.#segmentBytes }, environment);
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
      bury: (id, reason) => log.bury(id, reason),
      // A full storage must be able to say goodbye to what fills it: without room for the dead letter no record would ever go.
      buryRequest: (record, reason) => this.#bury(owner, record, reason),
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
    try {
      if (!(await this.#hasDirectory())) return;
      const { fault } = this.#state;
      if (fault !== undefined) return this.#environment.unavailable(fault, UNAVAILABLE_FOR_MS);
      const news = await this.#state.call("news", []);
      if (news !== undefined) {
        this.space.letterBytes = news.letters.bytes;
        for (const owner of news.replays) this.#replays.add(owner);
      }
    } catch (error) {
      this.#environment.log.warn("The storage cannot be looked through. Trying again.", { error: String(error) });
    }
    for (const owner of this.#replays) await this.#replay(owner);
  }

  /** Looks whether the directory is still there; makes and takes it anew where somebody has deleted it. */
  async #hasDirectory(): Promise<boolean> {
    if (this.#lock?.isIntact() === true) {
      for (const queue of this.#queues.values()) await (await queue.log).checkFiles();
      return true;
    }
    const { files, folderMode, log, unavailable } = this.#environment;
    const message = `the directory ${this.#directory} was deleted while it was in use`;
    // Whoever makes it next may be another process.
    this.space.closed = message;
    this.#lock?.release();
    this.#lock = undefined;
    try {
      await files.createDirectory(this.#directory, folderMode);
      this.#lock = tryLock(this.#directory, this.#pid);
    } catch (error) {
      unavailable(`${message}, and cannot be made anew: ${String(error)}`, UNAVAILABLE_FOR_MS);
      return false;
    }
    if (this.#lock === undefined) {
      unavailable(`${message}, and another process has taken it`, UNAVAILABLE_FOR_MS);
      return false;
    }
    log.error("The directory of the storage was deleted while it was in use. It is made anew; what was stored in it is lost.", {
      directory: this.#directory,
    });
    this.#state.restart();
    for (const queue of this.#queues.values()) await (await queue.log).checkFiles();
    this.space.closed = undefined;
    return false;
  }

  async #replay(owner: string): Promise<void> {
    const queue = this.#queues.get(owner);
    if (queue === undefined || queue.replaying || this.#isClosed) return;
    queue.replaying = true;
    const { log } = this.#environment;
    try {
      const { replayed, damaged } = await replayLetters(owner, {
        log: await queue.log,
        state: this.#state,
        space: this.space,
        returned: queue.returned,
      });
      this.#replays.delete(owner);
      if (damaged > 0) log.error("Dead letters are damaged and cannot be sent again.", { owner, letters: damaged });
      if (replayed === 0) return;
      log.info("Dead letters are back in their queue.", { owner, letters: replayed });
      for (const listener of queue.listeners) listener();
    } catch (error) {
      this.#replays.add(owner);
      const text = PipelineError.from(error).message;
      log.warn("Dead letters could not be put back into their queue. Trying again.", { owner, error: text });
    } finally {
      queue.replaying = false;
    }
  }
}
