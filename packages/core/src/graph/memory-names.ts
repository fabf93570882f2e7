/** Which memory each component has asked for, so that one can say what a change of its configuration does to it. */
export class MemoryNames {
  readonly #names = new Map<string, Set<string>>();

  note(component: string, name: string): void {
    const known = this.#names.get(component);
    if (known === undefined) this.#names.set(component, new Set([name]));
    else known.add(name);
  }

  /** Takes over what components said that go on as they are. */
  inherit(component: string, before: MemoryNames): void {
    for (const name of before.of(component)) this.note(component, name);
  }

  of(component: string): ReadonlySet<string> {
    return this.#names.get(component) ?? new Set();
  }

  /** Whether all that a component remembered under `before` is still known under these names. */
  keep(component: string, before: MemoryNames): boolean {
    return [...before.of(component)].every((name) => this.of(component).has(name));
  }

  get components(): Iterable<string> {
    return this.#names.keys();
  }
}
