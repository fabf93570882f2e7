import type { Host, NodeHealth, Topology } from "@tidemark/core";
import { eventOf, worstEvent, type Inclusion, type StatusEvent } from "./status.ts";

/** The statuses of the collector's parts, by the Collector's names for them. */
export interface StatusTree {
  readonly event: StatusEvent;
  readonly parts: ReadonlyMap<string, StatusTree>;
}

const WORKER = /^worker\/\d+\//;

/** Sorts the health of all nodes by pipelines. With several workers a component is as well as it is in the worst of them. */
export function statusTree(
  health: ReturnType<Host["health"]>,
  { extensions, pipelines }: Topology,
  now: number,
  inclusion: Inclusion,
): StatusTree {
  const startedAt = health.startedAt ?? now;
  const leaf = (nodes: readonly NodeHealth[]): StatusTree => {
    const events = nodes.map((node) => eventOf(node, now, startedAt));
    return { event: worstEvent(events, inclusion, startedAt), parts: new Map() };
  };
  const branch = (parts: ReadonlyMap<string, StatusTree>): StatusTree => {
    const events = [...parts.values()].map(({ event }) => event);
    return { event: worstEvent(events, inclusion, startedAt), parts };
  };
  const byComponent = Map.groupBy(health.nodes, ({ node }) => componentOf(node));
  const parts = new Map([
    ["extensions", branch(new Map(extensions.map((id) => [`extension:${id}`, leaf(byComponent.get(`extension:${id}`) ?? [])])))],
  ]);
  for (const { id, receivers, processors, exporters } of pipelines) {
    const names = [
      ...exporters.map((exporter) => nameOf(exporter, ["exporter", "connector"], byComponent)),
      ...processors.map((processor) => `processor:${processor}`),
      ...receivers.map((receiver) => nameOf(receiver, ["receiver", "connector", "processor", "exporter"], byComponent)),
    ];
    const members = names.map((name) => [name, leaf(nodesOf(name, id, byComponent))] as const);
    parts.set(`pipeline:${id}`, branch(new Map(members)));
  }
  const own = health.nodes.filter(({ node, healthy }) => !healthy && componentOf(node) === undefined);
  if (own.length > 0) parts.set("collector", branch(new Map(own.map((node) => [node.node.replace("/", ":"), leaf([node])]))));
  return branch(parts);
}

/** `worker/1/processor/batch@traces` as `processor:batch`; nothing for what is no component: a worker, the ledger. */
function componentOf(node: string): string | undefined {
  const [, kind, id] = /^(receiver|processor|connector|exporter|exchange|extension)\/([^@]+)/.exec(node.replace(WORKER, "")) ?? [];
  return kind === undefined ? undefined : `${kind}:${id}`;
}

function nameOf(id: string, kinds: readonly string[], byComponent: ReadonlyMap<string | undefined, unknown>): string {
  const names = kinds.map((kind) => `${kind}:${id}`);
  return names.find((name) => byComponent.has(name)) ?? `${kinds[0]}:${id}`;
}

/** A processor has an instance, and so a health, for each pipeline; exchanges belong to the component that they stand before. */
function nodesOf(
  name: string,
  pipeline: string,
  byComponent: ReadonlyMap<string | undefined, readonly NodeHealth[]>,
): readonly NodeHealth[] {
  const exchange = `exchange:${name.slice(name.indexOf(":") + 1)}`;
  const nodes = [...(byComponent.get(name) ?? []), ...(byComponent.get(exchange) ?? [])];
  const isElsewhere = ({ node }: NodeHealth): boolean =>
    name.startsWith("processor:") && node.includes("@") && !node.endsWith(`@${pipeline}`);
  return nodes.filter((node) => !isElsewhere(node));
}
