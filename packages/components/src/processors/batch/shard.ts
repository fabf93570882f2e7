import {
  joinSettlements,
  PipelineError,
  type Clock,
  type Delivery,
  type DeliveryContext,
  type Settlement,
  type Timer,
} from "@tidemark/core";
import { mergeBatches, type Batch } from "@tidemark/otlp";
import type { BatchConfig } from "./config.ts";
import { RecentWindows } from "./recent-windows.ts";

/** What made a batch go: enough items, enough time, all clients waiting, or the end. */
export type Trigger = "size" | "timeout" | "idle" | "shutdown";

/** What a shard needs from its processor. */
export interface ShardSettings {
  readonly config: BatchConfig;
  readonly clock: Clock;
  readonly emit: (delivery: Delivery) => void;
  /** Called once for every batch that goes. */
  readonly sent: (trigger: Trigger, items: number) => void;
}

interface Part {
  readonly batch: Batch;
  readonly settlement: Settlement;
  readonly context: DeliveryContext;
}

/** Collects the requests of one combination of metadata values. */
export class Shard {
  #parts: Part[] = [];
  #items = 0;
  #requests = 0;
  #arrivals = 0;
  #timer: Timer | undefined;
  #idle: Timer | undefined;
  readonly #windows = new RecentWindows();
  readonly #settings: ShardSettings;

  constructor(settings: ShardSettings) {
    this.#settings = settings;
  }

  /** Items that wait. */
  get held(): number {
    return this.#items;
  }

  add(delivery: Delivery): void {
    const { send_batch_size: size, send_batch_max_size: max, timeout } = this.#settings.config;
    const items = delivery.batch.itemCount;
    const isBatch = (max === 0 || items <= max) && (items >= size || timeout === 0);
    if (items === 0 || (this.#parts.length === 0 && isBatch)) {
      // It goes as it came, compressed body included. One without items waits for nobody, and nobody would wait for it.
      this.#settings.sent("size", items);
      this.#settings.emit(delivery);
      return;
    }
    this.#hold(delivery);
    if (timeout === 0) this.flush("timeout");
    else if (this.#items >= size) this.#send("size", Math.max(1, size));
    this.#watch();
  }

  /** Sends everything that waits. */
  flush(trigger: Trigger): void {
    this.#send(trigger, 1);
  }

  /** Gives back everything that waits: its clients shall send it again. */
  refuse(): void {
    this.#stopTimers();
    const parts = this.#parts;
    this.#parts = [];
    this.#items = 0;
    this.#requests = 0;
    for (const part of parts)
      part.settlement.settle({ kind: "refused", error: PipelineError.unavailable("the batch processor was stopped") });
  }

  #hold(delivery: Delivery): void {
    const max = this.#settings.config.send_batch_max_size;
    this.#requests += 1;
    this.#arrivals += 1;
    this.#items += delivery.batch.itemCount;
    // A sampled tenth must not hold its whole request while it waits.
    const batch = delivery.batch.compact();
    const part = batch === delivery.batch ? delivery : { ...delivery, batch };
    if (max === 0 || batch.itemCount <= max) this.#parts.push(part);
    else this.#parts.push(...cut(part, batch.splitByItems(max)));
  }

  /** Sends chunks while at least `least` items wait. */
  #send(trigger: Trigger, least: number): void {
    if (this.#items < least) return;
    this.#windows.record(this.#requests);
    const ready: Delivery[] = [];
    while (this.#items >= least) {
      const parts = this.#take();
      const delivery = join(parts);
      this.#settings.sent(trigger, delivery.batch.itemCount);
      ready.push(delivery);
    }
    // What is left belongs to the newest request: older ones fill chunks first.
    this.#requests = this.#parts.length > 0 ? 1 : 0;
    if (this.#parts.length === 0) this.#stopTimers();
    // Last, because an answer may bring the next request within this call.
    for (const delivery of ready) this.#settings.emit(delivery);
  }

  /** Removes up to `send_batch_max_size` items from the front; a part that does not fit is cut in two. */
  #take(): Part[] {
    const max = this.#settings.config.send_batch_max_size;
    const taken: Part[] = [];
    let room = max === 0 ? Number.POSITIVE_INFINITY : max;
    let at = 0;
    for (; at < this.#parts.length && room > 0; at += 1) {
      const part = this.#parts[at] as Part;
      if (part.batch.itemCount <= room) {
        taken.push(part);
        room -= part.batch.itemCount;
        continue;
      }
      const [head, ...rest] = part.batch.splitByItems(room);
      if (head === undefined) break;
      const [first, second] = cut(part, [head, mergeBatches<Batch>(rest)]);
      taken.push(first as Part);
      this.#parts[at] = second as Part;
      room = 0;
      break;
    }
    this.#parts.splice(0, at);
    for (const part of taken) this.#items -= part.batch.itemCount;
    return taken;
  }

  #watch(): void {
    if (this.#items === 0) return;
    const { clock, config } = this.#settings;
    this.#timer ??= clock.setTimeout(() => {
      this.#timer = undefined;
      this.flush("timeout");
    }, config.timeout);
    const largest = this.#windows.largest;
    if (this.#idle === undefined && largest !== undefined && this.#requests >= largest) this.#waitOneTurn(this.#arrivals);
  }

  /** As many requests wait as ever lately: if one turn of the event loop brings no more, nobody else is coming. */
  #waitOneTurn(arrivals: number): void {
    this.#idle = this.#settings.clock.setTimeout(() => {
      this.#idle = undefined;
      if (this.#items === 0) return;
      if (this.#arrivals === arrivals) this.flush("idle");
      else this.#waitOneTurn(this.#arrivals);
    }, 0);
  }

  #stopTimers(): void {
    this.#timer?.cancel();
    this.#idle?.cancel();
    this.#timer = undefined;
    this.#idle = undefined;
  }
}

/** Hands the duty for one part over to the batches that it was cut into. */
function cut(part: Part, batches: readonly Batch[]): Part[] {
  const settlements = part.settlement.split(batches.length);
  return batches.map((batch, index) => ({ batch, settlement: settlements[index] as Settlement, context: part.context }));
}

/** One delivery out of several parts, which answers for all of them. */
function join(parts: readonly Part[]): Delivery {
  const [first] = parts;
  if (first !== undefined && parts.length === 1) return first;
  return {
    batch: mergeBatches(parts.map((part) => part.batch)),
    settlement: joinSettlements(
      parts.map((part) => part.settlement),
      parts.map((part) => part.batch.itemCount),
    ),
    context: joinContexts(parts.map((part) => part.context)),
  };
}

/** The oldest request speaks for all. Metadata stays only where all parts share it. */
function joinContexts(contexts: readonly DeliveryContext[]): DeliveryContext {
  const [first] = contexts;
  const transport = contexts.every((context) => context.transport === first?.transport) ? (first?.transport ?? "batch") : "batch";
  const receivedAt = contexts.reduce((oldest, context) => Math.min(oldest, context.receivedAt), Number.POSITIVE_INFINITY);
  const metadata = first?.metadata;
  const shared = metadata !== undefined && contexts.every((context) => context.metadata === metadata);
  return shared ? { receivedAt, transport, metadata } : { receivedAt, transport };
}
