import { Worker } from "node:worker_threads";
import type { OpenedState, StateCalls, StateOptions } from "./state-calls.ts";
import type { Answer, Call } from "./worker-messages.ts";

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Published packages hold .js beside this file, the repository .ts. */
function workerFile(): URL {
  return import.meta.url.endsWith(".ts") ? new URL("./state-worker.ts", import.meta.url) : new URL("./state-worker.js", import.meta.url);
}

/** The database as the main thread sees it: the same calls, each with a promise. Calls are carried out in their order. */
export class StateClient {
  readonly #worker: Worker;
  readonly #waiting: Map<number, Waiting> = new Map();
  #calls = 0;
  #closing = false;
  #ended = false;

  private constructor(worker: Worker) {
    this.#worker = worker;
    worker.on("message", (answer: Answer) => this.#settle(answer));
    worker.on("error", (error: Error) => this.#fail(error));
    worker.on("exit", () => this.#fail(new Error("the thread of the storage's database has ended")));
  }

  /**
   * Starts the thread and waits until it has opened the database.
   * @throws Error in words for users when the directory is in use, or the database is damaged or of another version.
   */
  static async start(options: StateOptions): Promise<{ readonly state: StateClient; readonly opened: OpenedState }> {
    const state = new StateClient(new Worker(workerFile(), { workerData: options }));
    try {
      // The worker says by itself, as its answer number 0, how the database was opened.
      const opened = await new Promise<unknown>((resolve, reject) => void state.#waiting.set(0, { resolve, reject }));
      return { state, opened: opened as OpenedState };
    } catch (error) {
      await state.#worker.terminate();
      throw error;
    }
  }

  /** Carries out one call in the thread of the database; `transfer` names buffers that the caller gives away. */
  call<K extends keyof StateCalls>(
    name: K,
    args: Parameters<StateCalls[K]>,
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<ReturnType<StateCalls[K]>> {
    return new Promise((resolve, reject) => {
      if (this.#ended) {
        reject(new Error("the database of the storage is closed"));
        return;
      }
      this.#calls += 1;
      // The worker runs the method of that name, so the answer has its type.
      this.#waiting.set(this.#calls, { resolve: (result) => resolve(result as ReturnType<StateCalls[K]>), reject });
      this.#worker.ref();
      const message: Call = { call: this.#calls, name, args };
      this.#worker.postMessage(message, transfer);
    });
  }

  /** Closes the database after all earlier calls, and lets the directory go. */
  async close(): Promise<void> {
    if (this.#ended) return;
    this.#closing = true;
    const ended = new Promise<void>((resolve) => void this.#worker.once("exit", () => resolve()));
    await this.call("close", []);
    await ended;
  }

  #settle(answer: Answer): void {
    const waiting = this.#waiting.get(answer.call);
    this.#waiting.delete(answer.call);
    if ("error" in answer) {
      const { message, ...codes } = answer.error;
      waiting?.reject(Object.assign(new Error(message), codes));
    } else waiting?.resolve(answer.result);
    // An idle database keeps no process alive.
    if (this.#waiting.size === 0 && !this.#closing) this.#worker.unref();
  }

  #fail(error: Error): void {
    this.#ended = true;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(error);
  }
}
