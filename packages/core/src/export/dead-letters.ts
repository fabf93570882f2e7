import type { Clock } from "../contract/clock.ts";
import type { Logger } from "../contract/logger.ts";
import type { DeadLetterReason, Storage } from "../contract/storage.ts";
import { messageOf } from "../contract/message-of.ts";
import { isNotStorable } from "./is-not-storable.ts";
import { Pauses } from "./pauses.ts";
import { recordOf, type Shipment } from "./queue-entry.ts";
import type { StoredBacklog } from "./stored-backlog.ts";

/** After the storage could not take a dead letter: a full disk slows the queue down, it loses nothing. */
const AGAIN_MS = 1000;

/** What dead letters need from outside. */
export interface DeadLettersEnvironment {
  readonly storage: Storage;
  /** Whose dead letters they are. */
  readonly owner: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The queue that a request comes from. */
export interface BuriedFrom {
  /** Where its batches are stored, if they are. */
  readonly backlog: StoredBacklog | undefined;
  /** Request headers that are kept with it. */
  readonly keys: readonly string[];
}

/** Puts requests that cannot be delivered where they can be looked at and sent again. */
export class DeadLetters {
  readonly #environment: DeadLettersEnvironment;
  readonly #pauses: Pauses;
  /** Ends the waiting for what is being written. */
  readonly #giveUp: Set<() => void> = new Set();
  #isStopped = false;

  constructor(environment: DeadLettersEnvironment) {
    this.#environment = environment;
    this.#pauses = new Pauses(environment.clock);
  }

  /** Resolves with true when the request is on the disk, with false when there was no time left for it, or it can never be there. */
  async bury(shipment: Shipment, reason: DeadLetterReason, { backlog, keys }: BuriedFrom): Promise<boolean> {
    const [first] = shipment.shares;
    if (first === undefined) return true;
    const { storage, owner } = this.#environment;
    const { entry } = first;
    if (backlog !== undefined && shipment.batch === entry.batch) return this.#insist(() => backlog.bury(entry.id, reason));
    const record = recordOf(shipment.batch, entry.context, keys);
    return this.#insist(() => (backlog === undefined ? storage.buryNew(owner, record, reason) : backlog.buryRequest(record, reason)));
  }

  /** A storage that hangs does not hold the shutdown either. */
  #insist(write: () => Promise<void>): Promise<boolean> {
    if (this.#isStopped) return Promise.resolve(false);
    return new Promise((resolve) => {
      const giveUp = (): void => resolve(false);
      this.#giveUp.add(giveUp);
      void this.#untilDone(write).then((isDone) => {
        this.#giveUp.delete(giveUp);
        resolve(isDone);
      });
    });
  }

  async #untilDone(write: () => Promise<void>): Promise<boolean> {
    for (;;) {
      try {
        await write();
        return true;
      } catch (error) {
        if (this.#isStopped || isNotStorable(error)) return false;
        this.#environment.log.warn("A batch that cannot be delivered could not be put among the dead letters. Trying again.", {
          error: messageOf(error),
        });
        await this.#pauses.wait(AGAIN_MS);
        if (this.#isStopped) return false;
      }
    }
  }

  /** Nothing is tried again after this. */
  stop(): void {
    this.#isStopped = true;
    for (const giveUp of this.#giveUp) giveUp();
    this.#pauses.wakeAll();
  }
}
