/** A pending timer. `cancel` is idempotent and safe after the timer has fired. */
export interface Timer {
  cancel(): void;
}

/**
 * The only source of time in Tidemark. The collector passes the system clock; tests pass a virtual one
 * (`@tidemark/core/testing`), under which a day of traffic runs in seconds and always the same way.
 */
export interface Clock {
  /**
   * Milliseconds since the Unix epoch; may have a fraction. It is right when the process starts and goes on evenly from there, so that
   * differences are durations: who sets the time of the machine moves it with the next start.
   */
  now(): number;
  /** Calls `callback` once after `delayMs` milliseconds. Timers never keep the process alive by themselves. */
  setTimeout(callback: () => void, delayMs: number): Timer;
}

/** Uniform random numbers in [0, 1). Seeded in tests. */
export type Random = () => number;
