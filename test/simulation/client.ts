import type { Outcome, Random } from "@tidemark/core";
import { simRequest, type SimRequest } from "./items.ts";
import { between } from "../lib/random.ts";
import type { SimClock } from "./sim-clock.ts";
import type { SimulatedProcess } from "./simulated-process.ts";

/** What clients know in the end. */
export interface ClientBooks {
  /** Items that the collector has answered for with success. */
  readonly acknowledged: Set<string>;
  /** Items whose sender was told that they are lost. */
  readonly failed: Set<string>;
  /** How often an item was sent again, because nobody had answered for it. */
  readonly resent: Map<string, number>;
  /** Items in the order in which they were handed in. */
  readonly pushed: string[];
  /** What clients were told that were refused, and how often. */
  readonly refusals: Map<string, number>;
}

/** A sender that follows OTLP: it sends again what was refused, or not answered, and nothing else. */
export class SimClient {
  readonly #clock: SimClock;
  readonly #random: Random;
  readonly #books: ClientBooks;
  readonly #metadata: ReadonlyMap<string, readonly string[]>;
  readonly #process: () => SimulatedProcess | undefined;
  readonly #requests: SimRequest[];
  #current: { readonly request: SimRequest; readonly process: SimulatedProcess } | undefined;

  constructor(
    id: number,
    requests: number,
    options: {
      readonly clock: SimClock;
      readonly random: Random;
      readonly books: ClientBooks;
      readonly metadata: boolean;
      /** The process that takes requests now, if one does. */
      readonly process: () => SimulatedProcess | undefined;
    },
  ) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.#books = options.books;
    this.#metadata = new Map(options.metadata ? [["x-client", [String(id)]]] : []);
    this.#process = options.process;
    this.#requests = Array.from({ length: requests }, (_, number) =>
      simRequest(id, number, this.#random() < 0.75 ? "traces" : "logs", between(this.#random, 1, 4)),
    );
    this.#next(between(this.#random, 0, 500));
  }

  get isDone(): boolean {
    return this.#requests.length === 0 && this.#current === undefined;
  }

  /** Items that the client has sent and nobody has answered for. */
  get open(): readonly string[] {
    return this.#current?.request.items ?? [];
  }

  /** The process that a request is at has died: nobody will answer. */
  lost(process: SimulatedProcess): void {
    if (this.#current?.process !== process) return;
    this.#again(this.#current.request);
  }

  #next(waitMs: number): void {
    this.#clock.setTimeout(() => {
      const [request] = this.#requests;
      const process = this.#process();
      if (request === undefined) return;
      if (process === undefined) return this.#next(20);
      this.#requests.shift();
      this.#current = { request, process };
      this.#books.pushed.push(...request.items);
      process.push(request, this.#metadata, (outcome) => this.#answered(request, outcome));
    }, waitMs);
  }

  #answered(request: SimRequest, outcome: Outcome): void {
    if (outcome.kind === "refused") {
      const { message } = outcome.error;
      this.#books.refusals.set(message, (this.#books.refusals.get(message) ?? 0) + 1);
      return this.#again(request);
    }
    this.#current = undefined;
    const known = outcome.kind === "failed" ? this.#books.failed : this.#books.acknowledged;
    for (const item of request.items) known.add(item);
    this.#next(between(this.#random, 0, 500));
  }

  #again(request: SimRequest): void {
    this.#current = undefined;
    this.#requests.unshift(request);
    for (const item of request.items) this.#books.resent.set(item, (this.#books.resent.get(item) ?? 0) + 1);
    this.#next(between(this.#random, 10, 1500));
  }
}
