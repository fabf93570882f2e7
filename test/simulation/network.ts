import { PipelineError, type Exporter, type Random, type SendContext } from "@tidemark/core";
import { itemsOf } from "./items.ts";
import { between, pick } from "./scenario.ts";
import type { SimClock } from "./sim-clock.ts";
import type { Trace } from "./trace.ts";

type Weather = "healthy" | "slow" | "throttled" | "unavailable" | "broken" | "partial" | "reset" | "ack_lost" | "hang" | "hang_after";

const BAD: readonly Weather[] = ["slow", "throttled", "unavailable", "broken", "partial", "reset", "ack_lost", "hang", "hang_after"];

/** The far side, and the way to it. */
export class SimNetwork {
  /** How often each item arrived. */
  readonly arrived: Map<string, number> = new Map();
  /** How often an item arrived without the sender being told. */
  readonly unanswered: Map<string, number> = new Map();
  /** Items that the far side threw away, of requests that it took (partial success). */
  readonly thrownAway: Set<string> = new Set();
  /** The items of first tries, in order, for each process. */
  readonly firstTries: string[][] = [];
  readonly #tried: Set<string> = new Set();
  readonly #clock: SimClock;
  readonly #random: Random;
  readonly #trace: Trace;
  #weather: Weather = "healthy";
  #isHealed = false;

  constructor(clock: SimClock, random: Random, trace: Trace) {
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

  /** The exporter of one process; `isAlive` tells whether there is anybody to hear an answer. */
  exporter(isAlive: () => boolean): Exporter {
    const tries: string[] = [];
    this.firstTries.push(tries);
    this.#tried.clear();
    return { send: (batch, context) => this.#send(itemsOf(batch), context, isAlive, tries) };
  }

  async #send(items: readonly string[], context: SendContext, isAlive: () => boolean, tries: string[]): Promise<void> {
    const kind = this.#random() < 0.75 ? this.#weather : "healthy";
    this.#trace(() => `send ${items.join(" ")} (${kind}${context.compression === undefined ? "" : `, ${context.compression}`})`);
    this.#note(items, tries);
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
        this.#throwAway(items.slice(0, count));
        this.#arrive(items.slice(count), !context.signal.aborted);
        return context.rejected(count, "too old");
      }
      default:
        this.#arrive(items, !context.signal.aborted);
    }
  }

  #note(items: readonly string[], tries: string[]): void {
    for (const item of items) {
      if (this.#tried.has(item)) continue;
      this.#tried.add(item);
      tries.push(item);
    }
  }

  #throwAway(items: readonly string[]): void {
    for (const item of items) this.thrownAway.add(item);
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
