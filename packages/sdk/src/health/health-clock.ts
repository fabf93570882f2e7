/** Where health checks get their time from. Tests pass one that stands still until it is told to move. */
export interface HealthClock {
  /** Milliseconds since the Unix epoch; differences are durations. */
  now(): number;
  /** Calls `callback` once after `delayMs` milliseconds, unless it is cancelled before. Does not keep the process alive. */
  setTimeout(callback: () => void, delayMs: number): { cancel(): void };
}

/** The clock of the machine. */
export const systemClock: HealthClock = {
  now: () => performance.timeOrigin + performance.now(),
  setTimeout(callback, delayMs) {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};
