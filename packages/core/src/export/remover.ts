import type { Clock } from "../contract/clock.ts";
import type { Logger } from "../contract/logger.ts";
import type { DurableQueue } from "../contract/storage.ts";
import { messageOf } from "../contract/message-of.ts";
import { Pauses } from "./pauses.ts";

/** After a failed removal. */
const AGAIN_MS = 1000;

/** Takes delivered batches out of the storage, many at a time, and tries until it succeeds: what stays is sent again after a restart. */
export class Remover {
  readonly #storage: DurableQueue;
  readonly #owner: { readonly clock: Clock; readonly log: Logger };
  readonly #removed: (id: number) => void;
  #ids: number[] = [];
  #isRunning = false;
  #isClosed = false;
  readonly #pauses: Pauses;
  #idle: (() => void) | undefined;

  /** `removed` hears of each id that the storage has forgotten. */
  constructor(storage: DurableQueue, owner: { readonly clock: Clock; readonly log: Logger }, removed: (id: number) => void) {
    this.#storage = storage;
    this.#owner = owner;
    this.#pauses = new Pauses(owner.clock);
    this.#removed = removed;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  add(id: number): void {
    this.#ids.push(id);
    if (!this.#isRunning) void this.#run();
  }

  /** Tries what is left once more, and ends. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#pauses.wakeAll();
    if (this.#isRunning) await new Promise<void>((resolve) => (this.#idle = resolve));
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    let isLast = false;
    while (this.#ids.length > 0 && !isLast) {
      isLast = this.#isClosed;
      const ids = this.#ids;
      this.#ids = [];
      try {
        await this.#storage.remove(ids);
        for (const id of ids) this.#removed(id);
      } catch (error) {
        this.#owner.log.warn("Delivered batches could not be removed from the storage; a restart would send them again.", {
          error: messageOf(error),
          records: ids.length,
        });
        this.#ids = [...ids, ...this.#ids];
        if (!this.#isClosed) await this.#pauses.wait(AGAIN_MS);
      }
    }
    this.#isRunning = false;
    this.#idle?.();
  }
}
