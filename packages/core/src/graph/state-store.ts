import type { StateHandle } from "../contract/component.ts";

interface Slot {
  readonly version: number;
  readonly handle: StateHandle<unknown>;
}

/**
 * The memory of the nodes, kept outside the graph so that the next graph can take it over. A slot is found again by its
 * key; another version of the owner starts afresh.
 */
export class StateStore {
  readonly #slots: Map<string, Slot> = new Map();

  handle<T>(key: string, version: number, init: () => T): StateHandle<T> {
    const known = this.#slots.get(key);
    // The key names one component and one name in it, so a slot of the same version holds that component's own type.
    if (known !== undefined && known.version === version) return known.handle as StateHandle<T>;
    const handle: StateHandle<T> = { value: init() };
    this.#slots.set(key, { version, handle });
    return handle;
  }

  /** The next who asks for it starts from nothing. */
  forget(key: string): void {
    this.#slots.delete(key);
  }
}
