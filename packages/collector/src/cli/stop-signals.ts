const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** A Ctrl-C often arrives twice: from the terminal, and from the `npx` or launcher that passes it on. */
const ECHO_MS = 500;

/** Waits for the signals that end the program: the first asks for a clean stop, the second for an immediate one. */
export class StopSignals {
  /** Resolves at the first signal. */
  readonly first: Promise<void>;
  /** Aborts at the second signal. */
  readonly second: AbortSignal;
  /** Name of the first signal. */
  name = "";
  readonly #listener: (name: string) => void;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>();
    const hurry = new AbortController();
    this.first = promise;
    this.second = hurry.signal;
    let firstAt = 0;
    this.#listener = (name) => {
      const now = performance.now();
      if (this.name === "") {
        this.name = name;
        firstAt = now;
        resolve();
      } else if (now - firstAt > ECHO_MS) {
        hurry.abort(new Error("a second signal asked to stop at once"));
      }
    };
    for (const signal of SIGNALS) process.on(signal, this.#listener);
  }

  /** Rejects at the second signal: for work that does not know how to stop. */
  secondThrows(): Promise<never> {
    return new Promise((_, reject) => this.second.addEventListener("abort", () => reject(this.second.reason as Error), { once: true }));
  }

  close(): void {
    for (const signal of SIGNALS) process.off(signal, this.#listener);
  }
}
