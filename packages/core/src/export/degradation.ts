import type { DegradeConfig } from "../fields/exporter-fields.ts";
import { LatencyWindow } from "./latency-window.ts";

/** With fewer sends in the window nothing is decided. */
const LEAST_SENDS = 10;
/** How often the quantile is looked at: sorting costs more than a send. */
const LOOK_MS = 1000;
/** Recovered means clearly faster than the limit, or the state would flap. */
const RECOVERED = 0.5;

/** Decides from the p99 of sends whether small compressed requests should be sent for a while. */
export class Degradation {
  readonly #config: Pick<DegradeConfig, "p99" | "window">;
  readonly #window: LatencyWindow;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #active = false;
  #p99 = 0;

  constructor(config: Pick<DegradeConfig, "p99" | "window">) {
    this.#config = config;
    this.#window = new LatencyWindow(config.window);
  }

  get active(): boolean {
    return this.#active;
  }

  /** The p99 that was decided on last, in milliseconds. */
  get p99(): number {
    return this.#p99;
  }

  /** A send has ended after `tookMs`. True when that changed the state. */
  sent(now: number, tookMs: number): boolean {
    this.#window.add(now, tookMs);
    if (now - this.#lookedAt < LOOK_MS) return false;
    this.#lookedAt = now;
    const found = this.#window.quantile(now, 0.99);
    if (found === undefined || found.count < LEAST_SENDS) return false;
    this.#p99 = found.ms;
    const isActive = this.#active ? found.ms > this.#config.p99 * RECOVERED : found.ms > this.#config.p99;
    if (isActive === this.#active) return false;
    this.#active = isActive;
    // What was measured in one form says nothing about the other.
    this.#window.clear();
    return true;
  }
}
