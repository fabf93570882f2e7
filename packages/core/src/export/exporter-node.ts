import type { Batch, Signal } from "@tidemark/otlp";
import { endedOrAborted } from "../clock/ended-or-aborted.ts";
import type { Timer } from "../contract/clock.ts";
import type { ComponentContext, Exporter } from "../contract/component.ts";
import type { Delivery } from "../contract/delivery.ts";
import { DELIVERED, type Outcome } from "../contract/outcome.ts";
import { PipelineError } from "../contract/pipeline-error.ts";
import type { NodeLedger } from "../ledger/node-ledger.ts";
import type { BreakerState } from "./circuit-breaker.ts";
import { DeadLetters } from "./dead-letters.ts";
import { ExporterBooks, type ExporterCounts } from "./exporter-books.ts";
import type { ExporterSettings } from "./exporter-settings.ts";
import { Sender, type SendResult } from "./sender.ts";
import { SendingQueue } from "./sending-queue.ts";

/** How often it is tried to open a storage that could not be opened. */
const OPEN_AGAIN_MS = 1000;
/** So long clients wait for a storage that another exporter still has; then they are told to come again, before they give up. */
const PARK_MS = 2000;
const COME_AGAIN_MS = 1000;
/**
 * How long the storage may take, beyond the deadline, to end what it has begun. What it has not forgotten then is sent again; what it
 * stores later still, a successor in this process does not know of before the next start.
 */
const STORE_MS = 5000;

/** An exporter in the graph: queue, retry and time-out around `send`, and the books of what became of every item. */
export class ExporterNode {
  readonly settings: ExporterSettings;
  readonly #exporter: Exporter;
  readonly #context: ComponentContext;
  readonly #books: ExporterBooks;
  readonly #sender: Sender;
  readonly #queue: SendingQueue | undefined;
  #inFlightItems = 0;
  #inFlight = 0;
  #idle: (() => void) | undefined;
  #isEnding = false;
  #isClosed = false;
  /** What came before the storage was free. */
  #parked: Delivery[] | undefined;
  #isParkFull = false;
  /** Settles when nothing is being opened. */
  #opened: Promise<void> = Promise.resolve();
  /** Who gets what still comes in. */
  #successor: ExporterNode | undefined;

  /** `counts` are those of the exporters of this id before. */
  constructor(
    exporter: Exporter,
    settings: ExporterSettings,
    context: ComponentContext,
    ledger: NodeLedger,
    counts: Map<Signal, ExporterCounts> = new Map(),
  ) {
    this.#books = new ExporterBooks(ledger, counts, context.log);
    this.#exporter = exporter;
    this.#context = context;
    this.settings = settings;
    this.#sender = new Sender({ exporter, settings, context });
    if (settings.queue !== undefined) {
      this.#queue = new SendingQueue(settings.queue, {
        clock: context.clock,
        log: context.log,
        sender: this.#sender,
        book: (signal, items, fate) => this.#books.book(signal, items, fate),
        restored: (items) => (ledger.restored += items),
      });
    }
    ledger.stored = () => this.#queue?.storedItems ?? 0;
    ledger.sending = () => ({ failure: this.#sender.failure, isBreakerOpen: this.#sender.breaker !== "closed", queue: this.#queue?.fill });
    ledger.held = () => (this.#queue?.heldItems ?? 0) + this.#inFlightItems;
  }

  get ledger(): NodeLedger {
    return this.#books.ledger;
  }

  get counts(): ReadonlyMap<Signal, ExporterCounts> {
    return this.#books.counts;
  }

  /** Used capacity of the queue, in units of its sizer. */
  get queueSize(): number {
    return this.#queue?.size ?? 0;
  }

  get breaker(): BreakerState {
    return this.#sender.breaker;
  }

  /** Batches that may be on their way at the same time. */
  get concurrency(): number {
    return this.#sender.concurrency;
  }

  /** Whether sends are slow, so that small compressed requests go. */
  get isDegraded(): boolean {
    return this.#sender.isDegraded;
  }

  /** Starts the exporter, then opens the storage and goes on with what an earlier run has left there. */
  async start(): Promise<void> {
    await this.#exporter.start?.();
    this.#opened = this.#open();
    await this.#opened;
  }

  /**
   * Starts the exporter while another one still has its stored queue. What comes in before `free` has resolved waits, unanswered, but not
   * for long; then the queue is opened.
   */
  async startAfter(free: Promise<void>): Promise<void> {
    await this.#exporter.start?.();
    this.#parked = [];
    const patience = this.#context.clock.setTimeout(() => this.#stopParking(), PARK_MS);
    this.#opened = free.then(() => {
      patience.cancel();
      return this.#openParked();
    });
  }

  /** Who ends opens its storage only for those who still wait there: nobody else would answer them. */
  get #mayOpen(): boolean {
    return !this.#isEnding || (this.#parked?.length ?? 0) > 0;
  }

  async #openParked(): Promise<void> {
    const { clock, log } = this.#context;
    while (this.#mayOpen) {
      try {
        await this.#open();
        break;
      } catch (caught) {
        log.error("The storage cannot be opened. Trying again.", { error: PipelineError.from(caught).message });
        this.#stopParking();
        await new Promise<void>((resolve) => void clock.setTimeout(resolve, OPEN_AGAIN_MS));
      }
    }
    this.#unpark((delivery) => this.#take(delivery));
    this.#parked = undefined;
  }

  #stopParking(error: PipelineError = notFree()): void {
    this.#isParkFull = true;
    this.#unpark((delivery) => this.#refuse(delivery, error));
  }

  #unpark(take: (delivery: Delivery) => void): void {
    for (const delivery of this.#parked?.splice(0) ?? []) {
      this.#inFlightItems -= delivery.batch.itemCount;
      take(delivery);
    }
  }

  async #open(): Promise<void> {
    const { storage: id, dead_letters: letters } = this.settings.queue ?? {};
    const storageId = id ?? letters?.storage;
    if (this.#queue === undefined || storageId === undefined) return;
    const { clock, log } = this.#context;
    const storage = this.#context.capability("storage", storageId);
    const owner = this.ledger.identity.key;
    const durable = id === undefined ? undefined : await storage.openQueue(owner);
    if (!this.#mayOpen) return await durable?.close();
    this.#queue.open(new DeadLetters({ storage, owner, clock, log }), durable);
    const restored = durable?.totals.records ?? 0;
    if (restored > 0) log.info("Sending what is left in the storage.", { batches: restored, items: this.ledger.restored });
  }

  consume(delivery: Delivery): void {
    // Nothing to send, to store or to book.
    if (delivery.batch.itemCount === 0) return delivery.settlement.settle(DELIVERED);
    if (this.#successor !== undefined) return this.#handOn(delivery, this.#successor);
    this.ledger.received += delivery.batch.itemCount;
    if (this.#isClosed) return this.#refuse(delivery, stopped());
    if (this.#parked === undefined) return this.#take(delivery);
    if (this.#isParkFull) return this.#refuse(delivery, this.#isEnding ? stopped() : notFree());
    this.#inFlightItems += delivery.batch.itemCount;
    this.#parked.push(delivery);
  }

  /**
   * From now on `successor` gets what still comes in here, and at the shutdown what is stored stays there for it: it opens the
   * storage when this one has ended.
   */
  handOver(successor: ExporterNode): void {
    this.#successor = successor;
    // It need not empty the queue any more.
    if (this.#isEnding) void this.#queue?.released();
    this.#unpark((delivery) => {
      this.ledger.received -= delivery.batch.itemCount;
      this.#handOn(delivery, successor);
    });
  }

  /** In the books it has come to the successor. */
  #handOn(delivery: Delivery, successor: ExporterNode): void {
    this.ledger.arrivedBefore -= delivery.batch.itemCount;
    successor.ledger.arrivedBefore += delivery.batch.itemCount;
    successor.consume(delivery);
  }

  #take(delivery: Delivery): void {
    if (this.#queue !== undefined) return this.#queue.accept(delivery);
    this.#inFlight += 1;
    this.#inFlightItems += delivery.batch.itemCount;
    void this.#sender.send(delivery.batch).then((result) => {
      this.#inFlight -= 1;
      this.#inFlightItems -= delivery.batch.itemCount;
      const outcome = outcomeOf(delivery.batch, result);
      this.#books.bookOutcome(delivery.batch, outcome, result.kind);
      delivery.settlement.settle(outcome);
      if (this.#inFlight === 0) this.#idle?.();
    });
  }

  #refuse(delivery: Delivery, error: PipelineError): void {
    this.#books.book(delivery.batch.signal, delivery.batch.itemCount, { kind: "refused" });
    delivery.settlement.settle({ kind: "refused", error });
  }

  /**
   * Empties the queue. At the deadline what is in memory only is given up, counted and named in the log; what is in a storage stays
   * there; only the storage has a little longer. Where it has been handed over, everything that is not on its way stays there at once.
   */
  async shutdown(deadline: AbortSignal): Promise<void> {
    this.#isEnding = true;
    const tooLate = new AbortController();
    let timer: Timer | undefined;
    const giveUp = (): void => {
      this.#stopParking(stopped());
      this.#sender.stop();
      this.#queue?.stop();
      timer = this.#context.clock.setTimeout(() => tooLate.abort(), STORE_MS);
    };
    if (deadline.aborted) giveUp();
    else deadline.addEventListener("abort", giveUp, { once: true });
    // Who had the storage before may still have it: it must not come to the successor before.
    await endedOrAborted(this.#opened, this.#successor === undefined ? deadline : tooLate.signal);
    const drained = this.#successor === undefined ? this.#queue?.drained() : this.#queue?.released();
    if (deadline.aborted) this.#queue?.stop();
    await endedOrAborted(Promise.resolve(drained), tooLate.signal);
    if (this.#inFlight > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    this.#isClosed = true;
    await endedOrAborted(Promise.resolve(this.#queue?.close()), tooLate.signal);
    deadline.removeEventListener("abort", giveUp);
    timer?.cancel();
    await this.#exporter.shutdown?.(deadline);
  }
}

/** What a client that waits is told. */
function outcomeOf(batch: Batch, { kind, rejected, error }: SendResult): Outcome {
  if (error === undefined) return DELIVERED;
  if (kind === "rejected" || kind === "partly_rejected")
    return { kind: "failed", error, items: kind === "rejected" ? batch.itemCount : rejected };
  return { kind: "refused", error };
}

function notFree(): PipelineError {
  return PipelineError.unavailable("the stored queue is not free yet", COME_AGAIN_MS);
}

function stopped(): PipelineError {
  return PipelineError.unavailable("the exporter has stopped");
}
