import type { NodeLedger } from "../ledger/node-ledger.ts";
import type { BuiltGraph, Ground } from "./graph-builder.ts";
import { booksOf, without, type ExporterPart, type GraphParts } from "./graph-parts.ts";
import { SpecDiff } from "./spec-diff.ts";
import { startExchanges, startParts } from "./start-graph.ts";
import { stopOne } from "./stop-one.ts";
import { stopParts } from "./stop-graph.ts";
import { Takeover } from "./takeover.ts";

/** How one graph gives way to the next. */
export interface ReplaceOptions {
  /** How long what is not taken over may take to empty itself. */
  readonly drainMs: number;
  /** Aborts when there is no time for that any more. */
  readonly hurry: AbortSignal;
  /** What graphs before these still empty into them. */
  readonly earlier: Promise<unknown>;
  /** Stored queues that earlier graphs still empty, by the exporter's id. */
  readonly leaving: Map<string, LeavingQueue>;
  /** Leads everything to the new graph. */
  readonly swap: () => void;
}

/** The stored queue of an exporter that is not there any more and still sends what it can. */
export interface LeavingQueue {
  readonly storage: string;
  readonly ended: PromiseWithResolvers<void>;
  /** The exporter is back, and sends on what is left. */
  isAwaited: boolean;
}

/** An exporter that ends, and who sends on what it has stored. */
interface Succession {
  readonly successor: ExporterPart;
  /** The storage itself goes on, so what is in it may stay there. */
  readonly isStorageKept: boolean;
  readonly free: PromiseWithResolvers<void>;
}

/**
 * Starts what is new, leads everything to it in one synchronous moment, and lets what is gone empty itself. Resolves at that moment.
 * @throws Error when something cannot start; all of it is stopped again, and the graph before runs on.
 */
export async function replaceGraph(
  ground: Ground,
  before: BuiltGraph,
  after: BuiltGraph,
  { drainMs, hurry, earlier, leaving, swap }: ReplaceOptions,
): Promise<{ readonly drained: Promise<void> }> {
  const { environment, books } = ground;
  const fresh = without(after.parts, before.parts);
  const gone = without(before.parts, after.parts);
  const late = new AbortController();
  const deadline = AbortSignal.any([late.signal, hurry]);
  const takeover = new Takeover([...gone.extensions, ...gone.receivers.map(({ running }) => running)], environment, deadline);
  const successions = successionsOf(fresh, gone, new SpecDiff(before.spec, after.spec));
  const bySuccessor = new Map([...successions.values()].map((succession) => [succession.successor, succession]));
  const returns = new Map(fresh.exporters.flatMap((part) => returnOf(part, leaving)));
  try {
    await startParts(fresh, takeover, (part) => bySuccessor.get(part)?.free.promise ?? returns.get(part)?.ended.promise);
    if (hurry.aborted) throw new Error("the collector is shutting down");
  } catch (caught) {
    await stopParts(fresh, environment, { deadline: AbortSignal.abort() });
    if (!hurry.aborted) await takeover.undo();
    books.ledger.close(booksOf(fresh));
    throw caught;
  }
  swap();
  for (const [{ node }, { successor, isStorageKept }] of successions) if (isStorageKept) node.handOver(successor.node);
  startExchanges(fresh);
  books.ledger.close([]);
  for (const queue of returns.values()) queue.isAwaited = true;
  for (const part of fresh.exporters)
    if (storageOf(part) !== undefined && !bySuccessor.has(part) && !returns.has(part)) books.ledger.resume(part.node.ledger);
  const left = new Map(gone.exporters.filter((part) => !successions.has(part)).flatMap(leave));
  for (const [{ id }, queue] of left) leaving.set(id, queue);
  for (const { component } of gone.extensions) component.notReady?.();
  for (const { component } of fresh.extensions) component.ready?.();
  const timer = environment.clock.setTimeout(() => late.abort(new Error("the time to drain has passed")), drainMs);
  const endExporter = async (part: ExporterPart): Promise<void> => {
    await part.node.shutdown(deadline).finally(() => {
      successions.get(part)?.free.resolve();
      left.get(part)?.ended.resolve();
      if (leaving.get(part.id) === left.get(part)) leaving.delete(part.id);
    });
  };
  // Who has been handed over waits for nobody: its successor cannot answer before, not even those whom the rest waits for.
  const handedOver = new Map<ExporterPart, Promise<void>>();
  for (const [part, { isStorageKept }] of successions) {
    const { key, id } = part;
    if (isStorageKept) handedOver.set(part, stopOne({ key, id, component: { shutdown: () => endExporter(part) } }, deadline, environment));
  }
  const stopExporter = (part: ExporterPart): Promise<void> => handedOver.get(part) ?? endExporter(part);
  const drained = stopParts(gone, environment, { deadline, receiversStopped: () => earlier, stopExporter }).then(() => {
    timer.cancel();
    const awaited = [...left].filter(([, queue]) => queue.isAwaited).map(([part]) => part);
    const succeeded = new Set<NodeLedger>([...successions.keys(), ...awaited].map(({ node }) => node.ledger));
    books.ledger.close(booksOf(gone), succeeded);
  });
  return { drained };
}

function storageOf({ node }: ExporterPart): string | undefined {
  return node.settings.queue?.storage;
}

function leave(part: ExporterPart): [ExporterPart, LeavingQueue][] {
  const storage = storageOf(part);
  return storage === undefined ? [] : [[part, { storage, ended: Promise.withResolvers(), isAwaited: false }]];
}

function returnOf(part: ExporterPart, leaving: ReadonlyMap<string, LeavingQueue>): [ExporterPart, LeavingQueue][] {
  const queue = leaving.get(part.id);
  return queue === undefined || queue.storage !== storageOf(part) ? [] : [[part, queue]];
}

function successionsOf(fresh: GraphParts, gone: GraphParts, diff: SpecDiff): ReadonlyMap<ExporterPart, Succession> {
  const successions = new Map<ExporterPart, Succession>();
  for (const part of gone.exporters) {
    const storage = storageOf(part);
    const successor = fresh.exporters.find(({ id }) => id === part.id);
    if (storage === undefined || successor === undefined || storageOf(successor) !== storage) continue;
    const isStorageKept = diff.changeOf("extension", storage) === undefined;
    successions.set(part, { successor, isStorageKept, free: Promise.withResolvers() });
  }
  return successions;
}
