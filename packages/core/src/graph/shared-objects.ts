import type { Clock, Random } from "../contract/clock.ts";
import type { SharedKey } from "../contract/component.ts";

/** Objects that the components of one graph share, such as the index of evidence. */
export class SharedObjects {
  readonly #objects: Map<string, unknown> = new Map();
  readonly #environment: { readonly clock: Clock; readonly random: Random };

  constructor(environment: { readonly clock: Clock; readonly random: Random }) {
    this.#environment = environment;
  }

  get<T>(key: SharedKey<T>): T {
    if (!this.#objects.has(key.name)) this.#objects.set(key.name, key.create(this.#environment));
    // Only `key.create` fills the slot of `key.name`.
    return this.#objects.get(key.name) as T;
  }
}
