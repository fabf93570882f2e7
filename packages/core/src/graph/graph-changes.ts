import type { NodeChange } from "../contract/reload.ts";
import type { BuiltGraph } from "./graph-builder.ts";
import type { GraphParts } from "./graph-parts.ts";
import { isSameStorage } from "./leaving-queue.ts";
import { SpecDiff } from "./spec-diff.ts";
import { haveSamePort } from "./takeover.ts";

/** A node as users know it; `part` is the same object in two graphs when it goes on from one to the other. */
interface Listed {
  readonly key: string;
  readonly part: unknown;
  /** Why it does not go on as it is. */
  readonly change: () => string | undefined;
  /** What it means that another one takes its place, or none. */
  readonly note: (successor: Listed | undefined) => string | undefined;
  readonly config?: unknown;
  /** Where it stores its queue. */
  readonly storage?: string | undefined;
}

/** Says of each node what becomes of it and of its memory when `after` takes the place of `before`. */
export function changesOf(before: BuiltGraph, after: BuiltGraph): readonly NodeChange[] {
  const diff = new SpecDiff(before.spec, after.spec);
  const olds = new Map(listed(before, diff).map((node) => [node.key, node]));
  const news = new Map(listed(after, diff).map((node) => [node.key, node]));
  const stays = [...news.values()].map((node) => changeOf(node, olds.get(node.key), before, after));
  const goes = [...olds.values()].filter(({ key }) => !news.has(key)).map((node) => removed(node, before));
  return [...stays, ...goes];
}

function changeOf(node: Listed, old: Listed | undefined, before: BuiltGraph, after: BuiltGraph): NodeChange {
  if (old === undefined) return { node: node.key, change: "new", state: "none" };
  const names = [...before.memory.of(node.key)];
  const hasMemory = names.length > 0 || old.storage !== undefined;
  if (old.part === node.part) return { node: node.key, change: "unchanged", state: hasMemory ? "kept" : "none" };
  const isKept =
    after.memory.keep(node.key, before.memory) &&
    (old.storage === undefined || isSameStorage(old.storage, node.storage, before.memory, after.memory));
  const why = isKept || !hasMemory ? undefined : whyLost(old, node);
  const reason = [node.change(), old.note(node), why].filter((text) => text !== undefined).join("; ");
  const state = hasMemory ? (isKept ? "kept" : "lost") : "none";
  return { node: node.key, change: "rebuilt", state, reason };
}

function whyLost(old: Listed, node: Listed): string {
  if (old.storage === undefined) return "its memory belongs to the configuration that it had";
  if (old.storage === node.storage) return `what cannot be sent now stays where storage "${old.storage}" was`;
  const what = node.storage === undefined ? "no storage" : `storage "${node.storage}"`;
  return `what cannot be sent now stays in storage "${old.storage}", because the new queue has ${what}`;
}

function removed(node: Listed, before: BuiltGraph): NodeChange {
  const state = before.memory.of(node.key).size > 0 ? "lost" : "none";
  const note = node.note(undefined);
  return { node: node.key, change: "removed", state, ...(note === undefined ? {} : { reason: note }) };
}

function listed({ parts }: BuiltGraph, diff: SpecDiff): readonly Listed[] {
  return [...extensionsOf(parts, diff), ...receiversOf(parts, diff), ...chainsOf(parts, diff), ...exportersOf(parts, diff)];
}

function extensionsOf({ extensions }: GraphParts, diff: SpecDiff): readonly Listed[] {
  return extensions.map((part) => ({
    key: part.key,
    part,
    config: part.config,
    change: () => diff.changeOf("extension", part.id),
    note: (successor) => gapNote(part.config, successor),
  }));
}

function receiversOf({ receivers }: GraphParts, diff: SpecDiff): readonly Listed[] {
  return receivers.map((part) => ({
    key: part.running.key,
    part,
    config: part.running.config,
    change: () => diff.changeOf("receiver", part.running.id),
    note: (successor) => gapNote(part.running.config, successor),
  }));
}

function gapNote(config: unknown, successor: Listed | undefined): string | undefined {
  if (successor === undefined || !haveSamePort(config, successor.config)) return undefined;
  return "its endpoint is closed for a moment";
}

function chainsOf({ chains }: GraphParts, diff: SpecDiff): readonly Listed[] {
  return chains.flatMap((chain) =>
    chain.steps
      .filter(({ ledger }) => ledger.identity.kind !== "exchange")
      .map(({ key, id, ledger }) => {
        const { kind, pipeline } = ledger.identity;
        const change = (): string | undefined =>
          kind === "connector" ? diff.changeOf("connector", id) : (diff.changeOf("processor", id) ?? diff.changeOfChain(pipeline ?? ""));
        return { key, part: chain, change, note: () => undefined };
      }),
  );
}

function exportersOf({ exporters }: GraphParts, diff: SpecDiff): readonly Listed[] {
  return exporters.map((part) => {
    const { queue } = part.node.settings;
    return {
      key: part.key,
      part,
      storage: queue?.storage,
      change: () => diff.changeOf("exporter", part.id),
      note: (successor) => queueNote(queue, successor),
    };
  });
}

function queueNote(queue: { readonly storage?: string | undefined } | undefined, successor: Listed | undefined): string | undefined {
  if (queue === undefined) return undefined;
  if (queue.storage === undefined) return "what its queue holds is still sent";
  return successor === undefined ? `what cannot be sent now stays in storage "${queue.storage}" until it is back` : undefined;
}
