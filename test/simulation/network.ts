import { PipelineError, type Exporter, type Random, type SendContext } from "@tidemark/core";
import { clientOf, itemsOf } from "./items.ts";
import { between, pick } from "../lib/random.ts";
import type { SimClock } from "./sim-clock.ts";
import type { Trace } from "./trace.ts";

const BAD = ["slow", "throttled", "unavailable", "broken", "partial", "reset", "ack_lost", "hang", "hang_after", "unreachable"] as const;

type Weather = "healthy" | (typeof BAD)[number];

/** The far side, and the way to it. */
export class SimNetwork {
  /** How often each item arrived. */
  readonly arrived: Map<string, number> = new Map();
  /** How often an item arrived without the sender being told. */
  readonly unanswered: Map<string, number> = new Map();
  /** Items that the far side threw away, of requests that it took (partial success). */
  readonly thrownAway: Set<string> = new Set();
  /** The items of first tries, in order, for each exporter. */
  readonly firstTries: string[][] = [];
  /** How many of the items that were thrown away the sender was told of. */
  toldOf = 0;
  /** Promises about single requests that were broken. */
  readonly faults: string[] = [];
  /** What has happened, and how often. */
  readonly met: Map<string, number> = new Map();
  readonly #clock: SimClock;
  readonly #random: Random;
  readonly #trace: Trace;
  readonly #separates: boolean;
  #weather: Weather = "healthy";
  #isHealed = false;

  /** `separates`: each request must come from one client only. */
  constructor(clock: SimClock, random: Random, trace: Trace, separates: boolean) {
    this.#separates = separates;
    this.#clock = clock;
    this.#random = random;
    this.#trace = trace;
    this.#changeWeather();
  }

  /** From now on everything works. */
  heal(): void {
    this.#isHealed = true;
    this.#weather = "healthy";
  }

  /** An exporter that may send to `consumers` places at a time; `isAlive` tells whether there is anybody to hear an answer. */
  exporter(consumers: number, isAlive: () => boolean): Exporter {
    const tries: Set<string> = new Set();
    const tried: string[] = [];
    this.firstTries.push(tried);
    let busy = 0;
    return {
      send: (batch, context) => {
        const items = itemsOf(batch);
        for (const item of items) if (tries.size !== tries.add(item).size) tried.push(item);
        const kind = this.#random() < 0.75 ? this.#weather : "healthy";
        this.#trace(() => `send ${items.join(" ")} (${kind}${context.compression === undefined ? "" : `, ${context.compression}`})`);
        this.#meet(`weather: ${kind}`);
        if (context.compression !== undefined) this.#meet("small compressed request");
        if (this.#separates && new Set(items.map(clientOf)).size > 1)
          this.faults.push(`one request with ${items.join(" ")} of several clients`);
        if (busy >= consumers) this.faults.push(`${busy + 1} sends at a time, and only ${consumers} consumers`);
        if (kind === "unreachable") throw Object.assign(new Error("connect EHOSTUNREACH"), { code: "EHOSTUNREACH", syscall: "connect" });
        busy += 1;
        let isOver = false;
        const over = (): void => {
          if (!isOver) busy -= 1;
          isOver = true;
        };
        context.signal.addEventListener("abort", over, { once: true });
        const sent = this.#send(kind, items, context, isAlive);
        sent.then(over, over);
        return sent;
      },
    };
  }

  async #send(kind: Weather, items: readonly string[], context: SendContext, isAlive: () => boolean): Promise<void> {
    const ms = kind === "slow" ? between(this.#random, 300, 4000) : between(this.#random, 1, 60);
    await this.#pass(ms);
    if (!isAlive()) return this.#deliverForTheDead(kind, items);
    switch (kind) {
      case "throttled":
        throw PipelineError.exhausted("429", between(this.#random, 0, 1500));
      case "unavailable":
        throw PipelineError.unavailable("503", this.#random() < 0.5 ? between(this.#random, 0, 1500) : undefined);
      case "broken":
        throw PipelineError.invalid("500");
      case "reset":
        throw PipelineError.unavailable("connection reset");
      case "hang":
        return new Promise(() => undefined);
      case "ack_lost":
        this.#arrive(items, false);
        throw PipelineError.unavailable("connection reset after the request");
      case "hang_after":
        this.#arrive(items, false);
        return new Promise(() => undefined);
      case "partial": {
        const count = between(this.#random, 1, items.length);
        for (const item of items.slice(0, count)) this.thrownAway.add(item);
        this.#arrive(items.slice(count), !context.signal.aborted);
        if (!context.signal.aborted) this.toldOf += count;
        return context.rejected(count, "too old");
      }
      default:
        this.#arrive(items, !context.signal.aborted);
    }
  }

  #meet(what: string): void {
    this.met.set(what, (this.met.get(what) ?? 0) + 1);
  }

  /** What was on its way when its process died may still arrive, and nobody is there to hear of it. */
  #deliverForTheDead(kind: Weather, items: readonly string[]): Promise<never> {
    if (kind === "healthy" || kind === "slow" || kind === "ack_lost" || kind === "hang_after") this.#arrive(items, false);
    return new Promise(() => undefined);
  }

  #arrive(items: readonly string[], isHeard: boolean): void {
    this.#trace(() => `arrived ${items.join(" ")}${isHeard ? "" : " (nobody is told)"}`);
    for (const item of items) {
      this.arrived.set(item, (this.arrived.get(item) ?? 0) + 1);
      if (!isHeard) this.unanswered.set(item, (this.unanswered.get(item) ?? 0) + 1);
    }
  }

  #changeWeather(): void {
    if (this.#isHealed) return;
    this.#weather = this.#random() < 0.45 ? "healthy" : pick(this.#random, BAD);
    this.#trace(() => `network: ${this.#weather}`);
    this.#clock.setTimeout(() => this.#changeWeather(), between(this.#random, 100, 4000));
  }

  #pass(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.setTimeout(resolve, ms));
  }
}
