import type { Extension } from "../contract/component.ts";
import type { Logger } from "../contract/logger.ts";
import type { BuiltGraph } from "./graph-builder.ts";
import type { ExporterPart, Renewable } from "./graph-parts.ts";
import type { MemoryNames } from "./memory-names.ts";

/** The stored queue of an exporter that is not there any more and still sends what it can. */
export class LeavingQueue {
  readonly part: ExporterPart;
  /** What the components of its graph remembered, the storage among them. */
  readonly memory: MemoryNames;
  readonly #ended: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly #storage: Renewable<Extension> | undefined;
  readonly #end: () => void;
  #isAwaited = false;

  /** `end` ends the exporter before its turn. */
  constructor(part: ExporterPart, { parts, memory }: Pick<BuiltGraph, "parts" | "memory">, end: () => void) {
    this.part = part;
    this.memory = memory;
    this.#storage = parts.extensions.find(({ id }) => id === storageOf(part));
    this.#end = end;
  }

  /** The exporter is back, and sends on what is left. */
  get isAwaited(): boolean {
    return this.#isAwaited;
  }

  /** Resolves when the exporter has let go of its storage. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** The exporter has ended. */
  end(log: Logger): void {
    this.#ended.resolve();
    const items = this.part.node.ledger.stored();
    if (items > 0 && !this.#isAwaited)
      log.warn("What could not be sent stays in the storage. It is sent when an exporter of this name uses it again.", {
        items,
        storage: storageOf(this.part),
      });
  }

  /** The exporter is back. It gets what is stored at once where the storage goes on: clients would have to wait until all of it is sent. */
  returnTo(successor: ExporterPart, extensions: readonly Renewable<Extension>[]): void {
    this.#isAwaited = true;
    if (this.#storage === undefined || !extensions.includes(this.#storage)) return;
    this.part.node.handOver(successor.node);
    this.#end();
  }
}

/** Name of the storage that an exporter's queue is in. */
export function storageOf({ node }: ExporterPart): string | undefined {
  return node.settings.queue?.storage;
}

/** Whether what was stored before is found again: a storage of the same name that is elsewhere now has nothing of it. */
export function isSameStorage(old: string | undefined, now: string | undefined, before: MemoryNames, after: MemoryNames): boolean {
  return old === now && (now === undefined || after.keep(`extension/${now}`, before));
}

/** For each exporter of `fresh` that was there before: the queue that it has left. */
export function returnsOf(
  fresh: readonly ExporterPart[],
  leaving: ReadonlyMap<string, LeavingQueue>,
  memory: MemoryNames,
): ReadonlyMap<ExporterPart, LeavingQueue> {
  const returns = new Map<ExporterPart, LeavingQueue>();
  for (const part of fresh) {
    const queue = leaving.get(part.id);
    if (queue !== undefined && isSameStorage(storageOf(queue.part), storageOf(part), queue.memory, memory)) returns.set(part, queue);
  }
  return returns;
}
