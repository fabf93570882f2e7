import { PipelineError } from "../contract/pipeline-error.ts";

/** What is known of a frame that waits for its answer. It holds no batch: tables outlive what they hold. */
export interface AwaitingEntry<T> {
  readonly bytes: number;
  readonly waiter: T;
}

/** Frames of one connection that wait for an answer, by id. Ids are used again. */
export class AwaitingTable<T> {
  readonly #entries: (AwaitingEntry<T> | undefined)[] = [];
  readonly #free: number[] = [];
  #bytes = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Bytes on their way. */
  get bytes(): number {
    return this.#bytes;
  }

  add(waiter: T, bytes: number): number {
    const id = this.#free.pop() ?? this.#entries.length;
    this.#entries[id] = { waiter, bytes };
    this.#bytes += bytes;
    this.#size += 1;
    return id;
  }

  /** @throws PipelineError for an id that nobody waits for: the connection cannot be trusted any more. */
  take(id: number): T {
    const entry = this.#entries[id];
    if (entry === undefined) throw new PipelineError(`answer to unknown frame ${id}`, { code: "internal", retryable: true });
    this.#entries[id] = undefined;
    this.#free.push(id);
    this.#bytes -= entry.bytes;
    this.#size -= 1;
    return entry.waiter;
  }

  takeAll(): T[] {
    const all = this.#entries.flatMap((entry) => (entry === undefined ? [] : [entry.waiter]));
    this.#entries.length = 0;
    this.#free.length = 0;
    this.#bytes = 0;
    this.#size = 0;
    return all;
  }
}
