import { Worker } from "node:worker_threads";
import { messageOf, type Clock, type Logger, type Timer } from "@tidemark/core";
import type { OpenedState, StateCalls, StateOptions } from "./state-calls.ts";
import type { Answer, Call } from "./worker-messages.ts";

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;
/** A thread that has run for this long may be replaced soon, whatever happened before. */
const STEADY_MS = 30_000;

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** What a client works with. */
export interface ClientEnvironment {
  readonly clock: Clock;
  readonly log: Logger;
  /** Starts a thread of the database. */
  readonly startThread?: (options: StateOptions) => Worker;
}

/** Published packages hold .js beside this file, the repository .ts. */
function startThread(options: StateOptions): Worker {
  const file = import.meta.url.endsWith(".ts") ? "./state-worker.ts" : "./state-worker.js";
  return new Worker(new URL(file, import.meta.url), { workerData: options });
}

/**
 * The database as the main thread sees it: the same calls, each with a promise. Calls are carried out in their order. A thread that ends by
 * itself is replaced; what was asked of it, and what is asked until another one is there, fails, and nobody knows what of the first was done.
 */
export class StateClient {
  readonly #options: StateOptions;
  readonly #environment: ClientEnvironment;
  readonly #waiting: Map<number, Waiting> = new Map();
  #worker: Worker | undefined;
  #calls = 0;
  #closing = false;
  #quickDeaths = 0;
  #startedAt = 0;
  #restart: Timer | undefined;
  #fault: string | undefined;

  private constructor(options: StateOptions, environment: ClientEnvironment) {
    this.#options = options;
    this.#environment = environment;
  }

  /**
   * Starts the thread and waits until it has opened the database.
   * @throws Error in words for users when the database is damaged or of another version.
   */
  static async start(
    options: StateOptions,
    environment: ClientEnvironment,
  ): Promise<{ readonly state: StateClient; readonly opened: OpenedState }> {
    const state = new StateClient(options, environment);
    state.#startedAt = environment.clock.now();
    try {
      return { state, opened: await state.#open(state.#newThread()) };
    } catch (error) {
      state.#closing = true;
      await state.#worker?.terminate();
      throw error;
    }
  }

  /** Why the database cannot be used now, in words; undefined when it can. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** Carries out one call in the thread of the database; `transfer` names buffers that the caller gives away. */
  call<K extends keyof StateCalls>(
    name: K,
    args: Parameters<StateCalls[K]>,
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<ReturnType<StateCalls[K]>> {
    return new Promise((resolve, reject) => {
      const worker = this.#worker;
      if (worker === undefined || this.#fault !== undefined) {
        reject(new Error(this.#fault ?? "the database of the storage is closed"));
        return;
      }
      this.#calls += 1;
      // The worker runs the method of that name, so the answer has its type.
      this.#waiting.set(this.#calls, { resolve: (result) => resolve(result as ReturnType<StateCalls[K]>), reject });
      worker.ref();
      const message: Call = { call: this.#calls, name, args };
      worker.postMessage(message, transfer);
    });
  }

  /** Opens the database anew, in another thread: the present one has files that are not there any more. */
  restart(): void {
    void this.#worker?.terminate();
  }

  /** Closes the database after all earlier calls. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#restart?.cancel();
    const worker = this.#worker;
    if (worker === undefined) return;
    const ended = new Promise<void>((resolve) => void worker.once("exit", () => resolve()));
    if (this.#fault === undefined) await this.call("close", []);
    else void worker.terminate();
    await ended;
  }

  #newThread(): Worker {
    return (this.#environment.startThread ?? startThread)(this.#options);
  }

  /** Resolves with what a thread says by itself as its answer number 0. */
  #open(worker: Worker): Promise<OpenedState> {
    let problem = "it ended without a word";
    this.#worker = worker;
    worker.on("message", (answer: Answer) => this.#settle(answer));
    worker.on("error", (error: Error) => (problem = error.message));
    worker.on("exit", () => this.#ended(worker, problem));
    return new Promise<unknown>((resolve, reject) => void this.#waiting.set(0, { resolve, reject })) as Promise<OpenedState>;
  }

  #settle(answer: Answer): void {
    const waiting = this.#waiting.get(answer.call);
    this.#waiting.delete(answer.call);
    if ("error" in answer) {
      const { message, ...codes } = answer.error;
      waiting?.reject(Object.assign(new Error(message), codes));
    } else waiting?.resolve(answer.result);
    // An idle database keeps no process alive.
    if (this.#waiting.size === 0 && !this.#closing) this.#worker?.unref();
  }

  #ended(worker: Worker, problem: string): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    const error = new Error(`the thread of the storage's database has ended (${problem})`);
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(error);
    if (this.#closing) return;
    this.#fault ??= `${error.message}; another one is being started`;
    this.#startLater(problem);
  }

  #startLater(problem: string): void {
    const { clock, log } = this.#environment;
    if (clock.now() - this.#startedAt >= STEADY_MS) this.#quickDeaths = 0;
    const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#quickDeaths);
    this.#quickDeaths += 1;
    log.error("The thread of the storage's database has ended. Starting another one.", { error: problem, pause_ms: pauseMs });
    this.#restart = clock.setTimeout(() => void this.#startAnew(), pauseMs);
  }

  async #startAnew(): Promise<void> {
    this.#startedAt = this.#environment.clock.now();
    let worker: Worker;
    try {
      worker = this.#newThread();
    } catch (error) {
      // The machine has no thread to give.
      return this.#startLater(messageOf(error));
    }
    try {
      await this.#open(worker);
      this.#fault = undefined;
      this.#environment.log.info("The database of the storage is open again.");
    } catch (error) {
      // The thread ends by itself after that, and the next one follows.
      this.#fault = `the database of the storage cannot be opened: ${messageOf(error)}`;
    }
  }
}
