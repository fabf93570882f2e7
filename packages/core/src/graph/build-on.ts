import { SHARED, stateKey } from "./component-context.ts";
import { GraphBuilder, type BuiltGraph, type Ground } from "./graph-builder.ts";
import type { GraphSpec } from "./graph-spec.ts";
import type { MemoryNames } from "./memory-names.ts";
import type { StateStore } from "./state-store.ts";
import { stopOne } from "./stop-one.ts";

export type { BuiltGraph, Ground } from "./graph-builder.ts";

/** Builds the graph that follows `before`; what has been made already is stopped again when it cannot be built to its end. */
export function buildOn(ground: Ground, spec: GraphSpec, before: BuiltGraph | undefined): BuiltGraph {
  const builder = new GraphBuilder(spec, ground, before);
  try {
    return builder.build();
  } catch (caught) {
    for (const running of builder.made) void stopOne(running, AbortSignal.abort(), ground.environment);
    ground.books.ledger.close(builder.opened);
    throw caught;
  }
}

/** Forgets what no component asks for any more. */
export function endMemory(states: StateStore, before: MemoryNames, now: MemoryNames): void {
  for (const component of before.components) {
    for (const name of before.of(component))
      if (!name.startsWith(SHARED) && !now.of(component).has(name)) states.forget(stateKey(component, name));
  }
}
