import type { GraphEnvironment } from "./environment.ts";
import type { ExporterPart, GraphParts } from "./graph-parts.ts";
import type { Running } from "./running.ts";
import { hurryOne, stopOne } from "./stop-one.ts";

/** What a stop waits for, and how exporters end. */
export interface StopOptions {
  readonly deadline: AbortSignal;
  /** Called when no receiver takes in anything any more; the other nodes are stopped when it resolves. */
  readonly receiversStopped?: () => Promise<unknown>;
  readonly stopExporter?: (part: ExporterPart) => Promise<void>;
}

/** Hurries what holds data, stops receivers first, then lets each node empty itself towards the exporters. Never rejects: what goes wrong is logged. */
export async function stopParts(parts: GraphParts, environment: GraphEnvironment, options: StopOptions): Promise<void> {
  const { deadline, receiversStopped } = options;
  const stop = (running: Running): Promise<void> => stopOne(running, deadline, environment);
  for (const { steps } of parts.chains) for (const step of steps) hurryOne(step, environment);
  await Promise.all(parts.receivers.map(({ running }) => running.stop(deadline, environment)));
  await receiversStopped?.();
  for (const chain of parts.chains) {
    for (const step of chain.steps) await stop(step);
    chain.entry.close();
  }
  const stopExporter = options.stopExporter ?? ((part) => part.node.shutdown(deadline));
  await Promise.all(parts.exporters.map((part) => stop({ key: part.key, id: part.id, component: { shutdown: () => stopExporter(part) } })));
  for (const running of parts.extensions.toReversed()) await running.stop(deadline, environment);
}
