import type { Entry } from "./queue-entry.ts";
import { RingBuffer } from "./ring-buffer.ts";

/** Who waits for room in the queue (`block_on_overflow`), first come first. Nobody of them has been answered. */
export class WaitingSenders {
  readonly #entries: RingBuffer<Entry> = new RingBuffer();
  #items = 0;

  get length(): number {
    return this.#entries.length;
  }

  get items(): number {
    return this.#items;
  }

  push(entry: Entry): void {
    this.#items += entry.batch.itemCount;
    this.#entries.push(entry);
  }

  peek(): Entry | undefined {
    return this.#entries.peek();
  }

  shift(): Entry | undefined {
    const entry = this.#entries.shift();
    this.#items -= entry?.batch.itemCount ?? 0;
    return entry;
  }
}
