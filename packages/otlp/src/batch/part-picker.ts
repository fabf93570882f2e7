import type { Part } from "./part.ts";

/** Collects positions of successive parts into parts. */
export class PartPicker {
  readonly #parts: Part[] = [];
  #part: Part | undefined;
  #positions: number[] = [];

  add(part: Part, position: number): void {
    if (part !== this.#part) this.#close(part);
    this.#positions.push(position);
  }

  finish(): Part[] {
    this.#close(undefined);
    return this.#parts;
  }

  #close(next: Part | undefined): void {
    if (this.#part !== undefined) this.#parts.push(this.#part.pick(new Int32Array(this.#positions)));
    this.#part = next;
    this.#positions = [];
  }
}
