import {
  messageOf,
  type Clock,
  type DeadLetterReason,
  type DurableQueue,
  type Logger,
  type NewRecord,
  type Storage,
  type Timer,
} from "@tidemark/core";
import type { OpenStorage } from "../open-storage.ts";
import { JoinedQueue, MOST_PARTS } from "./joined-queue.ts";

const LOOK_EVERY_MS = 1000;
/** Another process that is about to end may still have a folder. */
const TRY_EVERY_LOOKS = 5;

/** What an adoption works with. */
export interface AdoptionEnvironment {
  readonly clock: Clock;
  readonly log: Logger;
  /** Opens a folder; undefined when another process has it. */
  readonly open: (path: string) => Promise<OpenStorage | undefined>;
}

interface Folder {
  readonly path: string;
  /** Its place in joined queues. */
  readonly place: number;
  storage: OpenStorage | undefined;
  isHopeless: boolean;
}

interface Joined {
  readonly owner: string;
  readonly queue: JoinedQueue;
}

/**
 * A storage, and the folders of workers that do not run any more: their queues are sent before the own ones, their dead letters become
 * own ones, and a folder in which nothing is left goes. Each folder is opened under its lock, so by one process only.
 */
export class Adoption implements Storage {
  readonly #own: OpenStorage;
  readonly #environment: AdoptionEnvironment;
  #folders: readonly Folder[];
  readonly #queues: Set<Joined> = new Set();
  #timer: Timer | undefined;
  #looks = 0;
  #looking: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(own: OpenStorage, paths: readonly string[], environment: AdoptionEnvironment) {
    this.#own = own;
    this.#environment = environment;
    this.#folders = paths.slice(0, MOST_PARTS).map((path, place) => ({ path, place, storage: undefined, isHopeless: false }));
  }

  get space(): OpenStorage["space"] {
    return this.#own.space;
  }

  /** Opens what nobody else has, so that queues that are opened from now on begin with it. */
  async start(): Promise<void> {
    for (const folder of this.#folders) await this.#open(folder);
    this.#lookLater();
  }

  async openQueue(owner: string): Promise<DurableQueue> {
    const own = await this.#own.openQueue(owner);
    if (this.#folders.length === 0) return own;
    const queue = new JoinedQueue(own, () => {
      this.#queues.delete(joined);
      // A look that is under way may be about to release a part of it.
      return this.#looking;
    });
    const joined = { owner, queue };
    this.#queues.add(joined);
    for (const folder of this.#folders) await this.#join(folder, joined);
    return queue;
  }

  buryNew(owner: string, record: NewRecord, reason: DeadLetterReason): Promise<void> {
    return this.#own.buryNew(owner, record, reason);
  }

  /** Lets all folders go; what waits in them stays there. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    await this.#looking;
    for (const { storage } of this.#folders) await storage?.close();
    await this.#own.close();
  }

  async #open(folder: Folder): Promise<void> {
    const { log, open } = this.#environment;
    const { path: directory } = folder;
    try {
      folder.storage = await open(directory);
    } catch (error) {
      folder.isHopeless = true;
      const text = messageOf(error);
      log.error("The storage folder of a worker that does not run any more cannot be taken over.", { directory, error: text });
      return;
    }
    if (folder.storage === undefined) return;
    log.info("Taking over the storage folder of a worker that does not run any more.", { directory });
    for (const joined of this.#queues) await this.#join(folder, joined);
  }

  async #join(folder: Folder, { owner, queue }: Joined): Promise<void> {
    const { storage, place } = folder;
    if (storage === undefined) return;
    const part = await storage.openQueue(owner);
    // In the meantime the folder may have become empty and gone, or have come to the queue from the other side.
    if (folder.storage !== storage || !queue.adopt(place, part)) await part.close();
  }

  #lookLater(): void {
    if (this.#isClosed || this.#folders.length === 0) return;
    this.#timer = this.#environment.clock.setTimeout(() => {
      this.#looking = this.#look().then(() => this.#lookLater());
    }, LOOK_EVERY_MS);
  }

  async #look(): Promise<void> {
    this.#looks += 1;
    for (const folder of this.#folders) {
      if (this.#isClosed || folder.isHopeless) continue;
      try {
        if (folder.storage !== undefined) await this.#settle(folder, folder.storage);
        else if (this.#looks % TRY_EVERY_LOOKS === 0) await this.#open(folder);
      } catch (error) {
        this.#environment.log.warn("The storage folder of another worker cannot be emptied now. Trying again.", {
          directory: folder.path,
          error: messageOf(error),
        });
      }
    }
  }

  /** Takes dead letters over, and deletes the folder when nothing is left. */
  async #settle(folder: Folder, storage: OpenStorage): Promise<void> {
    const { log } = this.#environment;
    await storage.moveLettersTo(this.#own);
    const { records, letters, unopened } = await storage.leftovers();
    if (records > 0 || letters > 0 || unopened.length > 0) return;
    folder.storage = undefined;
    for (const { queue } of this.#queues) await queue.release(folder.place);
    if (await storage.closeAndDelete()) {
      this.#folders = this.#folders.filter((each) => each !== folder);
      log.info("A storage folder that was taken over is empty and gone.", { directory: folder.path });
    }
  }
}
