import type { Batch, Signal } from "@tidemark/otlp";
import type { Clock } from "../contract/clock.ts";
import type { Delivery } from "../contract/delivery.ts";
import type { Logger } from "../contract/logger.ts";
import type { QueueFill } from "../contract/health.ts";
import { DELIVERED } from "../contract/outcome.ts";
import { PipelineError } from "../contract/pipeline-error.ts";
import type { DurableQueue } from "../contract/storage.ts";
import type { QueueConfig } from "../fields/exporter-fields.ts";
import type { DeadLetters } from "./dead-letters.ts";
import { isNotStorable } from "./is-not-storable.ts";
import { fatesOf, type ItemFate } from "./item-fate.ts";
import { makeEntry, outcomeOf, recordOf, type Entry, type Shipment } from "./queue-entry.ts";
import { Requests } from "./requests.ts";
import type { Sender, SendResult } from "./sender.ts";
import { chargeEnd } from "./shipment-end.ts";
import { StoredBacklog } from "./stored-backlog.ts";
import { WaitingSenders } from "./waiting-senders.ts";

/** How long a client should wait before it comes back to a full queue. */
const FULL_RETRY_AFTER_MS = 1000;
/** How long nothing is stored for senders that wait anyway, after the storage refused. */
const STORE_AGAIN_MS = 1000;
/** With more requests on their way to the dead letters nothing is sent: the disk is full, and nothing else would be either. */
const MOST_BURIALS = 256;
/** With fewer batches in memory the next ones are read from the storage. */
const LOW_WATER = 32;

/** What the queue asks of its owner. */
export interface QueueOwner {
  readonly clock: Clock;
  readonly log: Logger;
  readonly sender: Sender;
  /** Books what became of items of one signal. */
  book(signal: Signal, items: number, fate: ItemFate): void;
  /** Items were found in the storage that nobody handed in here. */
  restored(items: number): void;
}

/**
 * The sending queue: bounded in requests, items or bytes, emptied by up to `num_consumers` senders, first in, first out. In memory a
 * batch that found room counts as delivered to the client, unless `wait_for_result` is set. With a storage it does when it is on the
 * disk; it leaves the disk when it has been delivered, and what memory has no room for is read back in its turn.
 */
export class SendingQueue {
  readonly #config: QueueConfig;
  readonly #owner: QueueOwner;
  readonly #requests: Requests;
  readonly #waiting = new WaitingSenders();
  #storage: DurableQueue | undefined;
  #backlog: StoredBacklog | undefined;
  #deadLetters: DeadLetters | undefined;
  #used = 0;
  /** What of it is stored and stays so: nobody sends it in this run. */
  #left = 0;
  #memory = 0;
  #sending = 0;
  /** Requests that the far side has refused for good, until they are among the dead letters. They keep no sender from the next ones. */
  #burying = 0;
  #storing = 0;
  #storingItems = 0;
  #isStoreRefusing = false;
  /** The queue takes and sends nothing: its storage is not open yet, or it has ended, and what is stored stays there. */
  #isHalted: boolean;
  /** Nothing is begun any more: what is stored goes to a successor. */
  #isEnding = false;
  #idle: (() => void) | undefined;
  heldItems = 0;

  constructor(config: QueueConfig, owner: QueueOwner) {
    this.#config = config;
    this.#owner = owner;
    this.#isHalted = config.storage !== undefined;
    this.#requests = new Requests(config, {
      clock: owner.clock,
      isDegraded: () => owner.sender.isDegraded,
      isBehind: () => this.#backlog !== undefined && (this.#backlog.isOpen || this.#requests.queued > owner.sender.concurrency),
      flushed: () => this.#pump(),
    });
  }

  /** Used capacity in `sizer` units, batches on their way included. */
  get size(): number {
    return this.#used;
  }

  get fill(): QueueFill {
    const { queue_size: capacity, max_bytes: maxBytes } = this.#config;
    // With a storage what memory has no room for waits on the disk.
    const memory = this.#backlog === undefined ? this.#memory / maxBytes : 0;
    return { used: this.#used, capacity, share: Math.max(this.#used / capacity, memory) };
  }

  /** Items that are in the storage: not those that are being stored or wait for room. What has left it, but is not yet told so, does not count. */
  get storedItems(): number {
    return this.#backlog === undefined ? 0 : this.heldItems - this.#storingItems - this.#waiting.items;
  }

  /** Where undeliverable batches go, and with `storage` the queue itself. What is stored already is sent first. */
  open(deadLetters: DeadLetters | undefined, storage: DurableQueue | undefined): void {
    this.#deadLetters = deadLetters;
    if (storage === undefined) return;
    const { clock, log } = this.#owner;
    const restore = (items: number, cost: number): void => {
      this.heldItems += items;
      this.#used += cost;
      if (items > 0) this.#owner.restored(items);
    };
    this.#isHalted = false;
    this.#storage = storage;
    this.#backlog = new StoredBacklog(storage, this.#config, {
      clock,
      log,
      ready: (entries) => this.#readBack(entries),
      reconciled: ({ items, cost }) => {
        if (items <= 0) return restore(-items, -cost);
        this.#used -= cost;
        this.heldItems -= items;
        const error = PipelineError.invalid("the stored batches could not be read");
        this.#owner.book("logs", items, { kind: "lost", reason: "unreadable", error });
      },
    });
    const { items, cost } = this.#backlog.totals;
    restore(items, cost);
    this.#pump();
  }

  accept({ batch, context, settlement }: Delivery): void {
    const entry = makeEntry(batch, context, settlement, this.#config.sizer, this.#sending >= this.#owner.sender.concurrency);
    this.heldItems += entry.batch.itemCount;
    if (this.#mayEnter(entry) && this.#waiting.length === 0) this.#admit(entry);
    else if (this.#config.block_on_overflow && !this.#hasEnded) this.#waiting.push(entry);
    else this.#refuseFull(entry);
    this.#pump();
  }

  /**
   * Resolves when nothing is on its way and the queue is empty. With a storage it stops at the first batch that the far side does not
   * take now: what is stored can wait.
   */
  drained(): Promise<void> {
    if (this.#backlog !== undefined) this.#owner.sender.stopRetrying();
    this.#requests.flush();
    this.#pump();
    if (this.#isIdle) return Promise.resolve();
    const before = this.#idle;
    return new Promise((resolve) => {
      this.#idle = () => {
        before?.();
        resolve();
      };
    });
  }

  /** Resolves when what has begun to go has gone. What waits stays in the storage, for who opens it next. */
  released(): Promise<void> {
    this.#isEnding = true;
    this.#refuseWaiting();
    return this.drained();
  }

  /** Time is up: nothing is waited for any more. */
  stop(): void {
    this.#deadLetters?.stop();
    this.#refuseWaiting();
    if (this.#backlog !== undefined) this.#halt();
    this.#pump();
    this.#checkIdle();
  }

  /** Closes the storage. */
  async close(): Promise<void> {
    await this.#backlog?.close();
  }

  /** Nothing new is taken, or begun. */
  get #hasEnded(): boolean {
    return this.#isHalted || this.#isEnding;
  }

  get #isIdle(): boolean {
    if (this.#sending + this.#burying + this.#storing + this.#waiting.length > 0) return false;
    return this.#hasEnded || this.#used <= this.#left;
  }

  #checkIdle(): void {
    if (this.#idle !== undefined && this.#isIdle) this.#idle();
  }

  #halt(): void {
    this.#isHalted = true;
    this.#refuseWaiting();
  }

  /** A batch larger than the whole queue is let into an empty one: it could never be sent otherwise. */
  #mayEnter({ cost, memory }: Entry): boolean {
    if (this.#hasEnded || (this.#isStoreRefusing && this.#config.block_on_overflow)) return false;
    const { queue_size: capacity, max_bytes: maxBytes } = this.#config;
    if (this.#used <= 0) return true;
    return this.#used + cost <= capacity && (this.#backlog !== undefined || this.#memory + memory <= maxBytes);
  }

  #admit(entry: Entry): void {
    this.#used += entry.cost;
    if (this.#storage !== undefined && this.#backlog !== undefined) return void this.#store(entry, this.#storage, this.#backlog);
    this.#enqueue(entry);
    if (!this.#config.wait_for_result) answer(entry);
  }

  #enqueue(entry: Entry): void {
    this.#memory += entry.memory;
    this.#requests.push(entry);
  }

  async #store(entry: Entry, storage: DurableQueue, backlog: StoredBacklog): Promise<void> {
    this.#storing += 1;
    this.#storingItems += entry.batch.itemCount;
    const { generation } = backlog;
    try {
      entry.id = await storage.append(recordOf(entry.batch, entry.context, this.#requests.keys));
      if (backlog.isOpen || this.#memory + entry.memory > this.#config.max_bytes) backlog.leave(entry, generation);
      else {
        backlog.hold(entry);
        this.#enqueue(entry);
      }
      this.#storingItems -= entry.batch.itemCount;
      answer(entry);
    } catch (caught) {
      this.#storingItems -= entry.batch.itemCount;
      this.#notStored(entry, caught);
    }
    this.#storing -= 1;
    this.#pump();
    this.#checkIdle();
  }

  #notStored(entry: Entry, caught: unknown): void {
    this.#used -= entry.cost;
    const { batch, settlement } = entry;
    const error = PipelineError.from(caught);
    if (isNotStorable(caught)) {
      this.#book(batch.signal, batch.itemCount, { kind: "lost", reason: "not_storable", error });
      return settlement?.settle({ kind: "failed", error, items: batch.itemCount });
    }
    this.#owner.log.warn("A batch could not be stored.", { error: error.message, items: batch.itemCount });
    if (this.#config.block_on_overflow && !this.#hasEnded) return this.#storeLater(entry);
    const waitMs = error.retryAfterMs ?? FULL_RETRY_AFTER_MS;
    this.#refuse(entry, PipelineError.unavailable(`the batch could not be stored: ${error.message}`, waitMs));
  }

  #storeLater(entry: Entry): void {
    this.#waiting.push(entry);
    if (this.#isStoreRefusing) return;
    this.#isStoreRefusing = true;
    this.#owner.clock.setTimeout(() => {
      this.#isStoreRefusing = false;
      this.#admitWaiting();
    }, STORE_AGAIN_MS);
  }

  #admitWaiting(): void {
    for (let next = this.#waiting.peek(); next !== undefined && this.#mayEnter(next); next = this.#waiting.peek()) {
      this.#waiting.shift();
      this.#admit(next);
    }
    this.#pump();
  }

  #refuseWaiting(): void {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift())
      this.#refuse(next, PipelineError.unavailable("the exporter has stopped"));
  }

  #refuseFull(entry: Entry): void {
    if (this.#hasEnded) return this.#refuse(entry, PipelineError.unavailable("the exporter has stopped"));
    const { queue_size: capacity } = this.#config;
    const fields = { queue_size: this.#used, queue_capacity: capacity, refused_items: entry.batch.itemCount };
    this.#owner.log.warn("Sending queue is full. Refusing data.", fields);
    this.#refuse(entry, PipelineError.unavailable("sending queue is full", FULL_RETRY_AFTER_MS));
  }

  #refuse({ batch, settlement }: Entry, error: PipelineError): void {
    this.#book(batch.signal, batch.itemCount, { kind: "refused" });
    settlement?.settle({ kind: "refused", error });
  }

  #readBack(entries: readonly Entry[]): void {
    for (const entry of entries) this.#enqueue(entry);
    this.#admitWaiting();
    // Of the last batches nothing may have been readable.
    this.#checkIdle();
  }

  #pump(): void {
    const { sender } = this.#owner;
    while (!this.#isHalted && this.#sending < sender.concurrency && this.#burying < MOST_BURIALS) {
      const shipment = this.#isEnding ? this.#requests.nextBegun() : this.#requests.next();
      if (shipment === undefined) break;
      for (const { entry } of shipment.shares) entry.isBegun = true;
      this.#sending += 1;
      void sender.send(shipment.batch).then((result) => this.#sent(shipment, result));
    }
    const backlog = this.#backlog;
    if (backlog === undefined || this.#hasEnded || !backlog.isOpen || this.#requests.queued >= LOW_WATER) return;
    const room = this.#config.max_bytes - this.#memory - backlog.memory;
    if (room > 0 || this.#memory <= 0) backlog.read(room);
  }

  #sent(shipment: Shipment, result: SendResult): void {
    this.#sending -= 1;
    if (result.kind === "stopped" && this.#backlog !== undefined) this.#halt();
    if (result.kind === "rejected" && this.#requests.takeApart(shipment)) {
      this.#pump();
      return this.#checkIdle();
    }
    const isDead = result.kind === "rejected" || (result.kind === "retries_exhausted" && !this.#isOwed(shipment));
    if (isDead && this.#deadLetters !== undefined) void this.#bury(shipment, result, this.#deadLetters);
    else this.#finish(shipment, result, false);
  }

  async #bury(shipment: Shipment, result: SendResult, deadLetters: DeadLetters): Promise<void> {
    this.#burying += 1;
    this.#pump();
    const reason = { reason: result.kind, message: result.error?.message ?? "", attempts: result.attempts };
    const isBuried = await deadLetters.bury(shipment, reason, { backlog: this.#backlog, keys: this.#requests.keys });
    this.#burying -= 1;
    // What could not be put there in time stays where it is stored.
    const isKept = !isBuried && this.#backlog !== undefined;
    this.#finish(shipment, isKept ? { ...result, kind: "stopped" } : result, isBuried);
  }

  /** Whether a client still waits for the answer, and so can send the batch again. */
  #isOwed({ shares }: Shipment): boolean {
    return this.#config.wait_for_result && shares.length > 0;
  }

  #finish(shipment: Shipment, result: SendResult, isBuried: boolean): void {
    this.#bookEnd(shipment.batch, result, isBuried);
    // A whole batch has been moved in the storage; of a joined one its batches are still there.
    for (const entry of chargeEnd(shipment, result)) this.#leave(entry, isBuried && shipment.batch === entry.batch);
    this.#admitWaiting();
    this.#checkIdle();
  }

  #bookEnd({ signal, itemCount: items }: Batch, result: SendResult, isBuried: boolean): void {
    if (isBuried) return this.#book(signal, items, { kind: "buried" });
    if (result.kind === "delivered") return this.#book(signal, items, { kind: "delivered" });
    const where = { isWaitedFor: this.#config.wait_for_result, isStored: this.#backlog !== undefined };
    for (const { count, fate } of fatesOf(items, result, where)) this.#book(signal, count, fate);
  }

  /** All of a batch has ended. */
  #leave(entry: Entry, isMoved: boolean): void {
    this.#memory -= entry.memory;
    if (this.#backlog !== undefined && entry.isRefused) {
      this.#left += entry.cost;
      return;
    }
    this.#used -= entry.cost;
    if (this.#backlog !== undefined && !isMoved) this.#backlog.remove(entry.id);
    entry.settlement?.settle(outcomeOf(entry));
  }

  #book(signal: Signal, items: number, fate: ItemFate): void {
    this.heldItems -= items;
    this.#owner.book(signal, items, fate);
  }
}

/** The queue has taken over: the client is told so. */
function answer(entry: Entry): void {
  const { settlement } = entry;
  entry.settlement = undefined;
  settlement?.settle(DELIVERED);
}
