import type { NodeLedger } from "../ledger/node-ledger.ts";
import type { GraphEnvironment } from "./environment.ts";
import type { BuiltGraph, Ground } from "./graph-builder.ts";
import { booksOf, without, type ExporterPart, type GraphParts } from "./graph-parts.ts";
import { isSameStorage, LeavingQueue, returnsOf, storageOf } from "./leaving-queue.ts";
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
  const successions = successionsOf(fresh, gone, before, after);
  const bySuccessor = new Map([...successions.values()].map((succession) => [succession.successor, succession]));
  const returns = returnsOf(fresh.exporters, leaving, after.memory);
  const queueIsFree = (part: ExporterPart): Promise<void> | undefined => bySuccessor.get(part)?.free.promise ?? returns.get(part)?.ended;
  await startOrUndo(ground, fresh, { takeover, hurry, queueIsFree });
  swap();
  for (const [{ node }, { successor, isStorageKept }] of successions) if (isStorageKept) node.handOver(successor.node);
  startExchanges(fresh);
  books.ledger.close([]);
  for (const [part, queue] of returns) queue.returnTo(part, after.parts.extensions);
  for (const part of fresh.exporters.filter((each) => storageOf(each) !== undefined && queueIsFree(each) === undefined))
    books.ledger.resume(part.node.ledger);
  const left = new Map<ExporterPart, LeavingQueue>();
  const end = endOnce(environment, deadline, (part) => {
    successions.get(part)?.free.resolve();
    left.get(part)?.end(environment.logger(part.key));
    if (leaving.get(part.id)?.part === part) leaving.delete(part.id);
  });
  for (const part of gone.exporters.filter((each) => storageOf(each) !== undefined && !successions.has(each))) {
    const queue = new LeavingQueue(part, before, () => void end(part));
    left.set(part, queue);
    leaving.set(part.id, queue);
  }
  for (const { component } of gone.extensions) component.notReady?.();
  for (const { component } of fresh.extensions) component.ready?.();
  const timer = environment.clock.setTimeout(() => late.abort(new Error("the time to drain has passed")), drainMs);
  // Who has been handed over waits for nobody: its successor cannot answer before, not even those whom the rest waits for.
  for (const [part, { isStorageKept }] of successions) if (isStorageKept) void end(part);
  const drained = stopParts(gone, environment, { deadline, receiversStopped: () => earlier, stopExporter: end }).then(() => {
    timer.cancel();
    const awaited = [...left].filter(([, queue]) => queue.isAwaited).map(([part]) => part);
    const succeeded = new Set<NodeLedger>([...successions.keys(), ...awaited].map(({ node }) => node.ledger));
    books.ledger.close(booksOf(gone), succeeded);
  });
  return { drained };
}

interface StartOptions extends Pick<ReplaceOptions, "hurry"> {
  readonly takeover: Takeover;
  readonly queueIsFree: (part: ExporterPart) => Promise<void> | undefined;
}

/** Starts what is new; when that fails, the endpoints go back to those who had them. */
async function startOrUndo(
  { environment, books }: Ground,
  fresh: GraphParts,
  { takeover, hurry, queueIsFree }: StartOptions,
): Promise<void> {
  try {
    await startParts(fresh, takeover, queueIsFree);
    if (hurry.aborted) throw new Error("the collector is shutting down");
  } catch (caught) {
    await stopParts(fresh, environment, { deadline: AbortSignal.abort() });
    if (!hurry.aborted) await takeover.undo();
    books.ledger.close(booksOf(fresh));
    throw caught;
  }
}

/** Ends exporters, each once: when it is first asked for. `ended` hears of each that has let go of its storage. */
function endOnce(
  environment: GraphEnvironment,
  deadline: AbortSignal,
  ended: (part: ExporterPart) => void,
): (part: ExporterPart) => Promise<void> {
  const ends = new Map<ExporterPart, Promise<void>>();
  return (part) => {
    const { key, id, node } = part;
    const shutdown = (): Promise<void> => node.shutdown(deadline).finally(() => ended(part));
    const ending = ends.get(part) ?? stopOne({ key, id, component: { shutdown } }, deadline, environment);
    ends.set(part, ending);
    return ending;
  };
}

function successionsOf(fresh: GraphParts, gone: GraphParts, before: BuiltGraph, after: BuiltGraph): ReadonlyMap<ExporterPart, Succession> {
  const diff = new SpecDiff(before.spec, after.spec);
  const successions = new Map<ExporterPart, Succession>();
  for (const part of gone.exporters) {
    const storage = storageOf(part);
    const successor = fresh.exporters.find(({ id }) => id === part.id);
    if (storage === undefined || successor === undefined) continue;
    if (!isSameStorage(storage, storageOf(successor), before.memory, after.memory)) continue;
    const isStorageKept = diff.changeOf("extension", storage) === undefined;
    successions.set(part, { successor, isStorageKept, free: Promise.withResolvers() });
  }
  return successions;
}
