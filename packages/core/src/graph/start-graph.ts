import { ExchangeNode } from "../exchange/exchange-node.ts";
import type { ExporterPart, GraphParts } from "./graph-parts.ts";
import { startOne } from "./start-one.ts";
import type { Takeover } from "./takeover.ts";

/**
 * Starts extensions, then exporters, processors, receivers. Nodes that take from other workers are left to `startExchanges`.
 * `queueIsFree` says when an exporter may open its stored queue; at once without it.
 */
export async function startParts(
  { extensions, exporters, chains, receivers }: GraphParts,
  takeover: Takeover,
  queueIsFree: (part: ExporterPart) => Promise<void> | undefined = () => undefined,
): Promise<void> {
  for (const running of extensions) await takeover.start(running);
  for (const part of exporters) {
    const free = queueIsFree(part);
    const start = (): Promise<void> => (free === undefined ? part.node.start() : part.node.startAfter(free));
    await startOne({ key: part.key, id: part.id, component: { start } });
  }
  for (const chain of chains.toReversed())
    for (const step of chain.steps.toReversed()) if (!(step.component instanceof ExchangeNode)) await startOne(step);
  for (const { running } of receivers) await takeover.start(running);
}

/** From now on these nodes get what other workers send to nodes of their names. */
export function startExchanges({ chains }: GraphParts): void {
  for (const { steps } of chains) for (const { component } of steps) if (component instanceof ExchangeNode) component.start();
}
