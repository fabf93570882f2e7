import type { Alert } from "@tidemark/alerting";
import {
  DELIVERED,
  StateStore,
  type Delivery,
  type Host,
  type LastReload,
  type NodeHealth,
  type Outcome,
  type Peers,
  type Topology,
  type TroubleCode,
} from "@tidemark/core";
import { settlePromises, testContext, type TestContext } from "@tidemark/core/testing";
import { alertsOfBatch } from "../../../notify/alerts-of-batch.ts";
import { selfAlertsConfig } from "../config.ts";
import { SelfAlerts } from "../self-alerts.ts";

/** One process of a collector, as it is at the moment; tests change it as they go. */
export interface World {
  startedAt: number | undefined;
  readonly exporters: Map<string, { delivered: number; lost: Record<string, number>; deadLettered: number }>;
  nodes: NodeHealth[];
  lastReload: LastReload | undefined;
  pipelines: Topology["pipelines"];
}

/** The receiver in one process. */
export interface Rig {
  readonly world: World;
  readonly context: TestContext;
  readonly states: StateStore;
  /** What the pipeline does with the next deliveries. */
  outcome: Outcome | "later";
  /** Deliveries that are not settled yet. */
  readonly open: Delivery[];
  /** Alerts that have left since the last call, as `firing ExporterFailed`. */
  told(): string[];
  /** All alerts so far. */
  readonly alerts: Alert[];
  fail(exporter: string, reason: string, items?: number): void;
  deliver(exporter: string, items?: number): void;
  /** Starts another instance after this one, as a reload does. */
  reload(yaml: Record<string, unknown>): Promise<void>;
  stop(): Promise<void>;
  advance(seconds: number): Promise<void>;
}

export interface RigOptions {
  readonly yaml?: Record<string, unknown>;
  readonly worker?: { readonly index: number; readonly count: number };
  readonly peers?: Peers;
  /** A clock that several rigs share; then only the one that made it is advanced. */
  readonly clock?: TestContext["clock"];
}

const SELF: Topology["pipelines"] = [{ id: "logs/self", receivers: ["self_alerts"], processors: [], exporters: ["webhook"] }];

export function newWorld(): World {
  return { startedAt: undefined, exporters: new Map(), nodes: [], lastReload: undefined, pipelines: SELF };
}

/** Starts the receiver in a process that is just starting. */
export async function rig(options: RigOptions = {}): Promise<Rig> {
  const { worker = { index: 0, count: 1 } } = options;
  const states = new StateStore();
  const world = newWorld();
  const base = testContext({ id: "self_alerts", kind: "receiver", states });
  const context: TestContext = {
    ...base,
    clock: options.clock ?? base.clock,
    host: hostOf(world, base.host),
    worker,
    peers: options.peers ?? base.peers,
  };
  const alerts: Alert[] = [];
  const open: Delivery[] = [];
  let read = 0;
  let receiver: SelfAlerts;
  const begin = async (yaml: Record<string, unknown>): Promise<void> => {
    receiver = new SelfAlerts(selfAlertsConfig.parse(yaml), context);
    receiver.deliveries.subscribe((delivery) => {
      alerts.push(...alertsOfBatch(delivery.batch));
      if (made.outcome === "later") open.push(delivery);
      else delivery.settlement.settle(made.outcome);
    });
    receiver.start();
    await settlePromises();
  };
  const made: Rig = {
    world,
    context,
    states,
    outcome: DELIVERED,
    open,
    alerts,
    told: () => alerts.slice(read, (read = alerts.length)).map(({ status, name }) => `${status} ${name}`),
    fail: (exporter, reason, items = 1) => {
      const row = rowOf(world, exporter);
      if (reason === "dead_lettered") row.deadLettered += items;
      else row.lost[reason] = (row.lost[reason] ?? 0) + items;
    },
    deliver: (exporter, items = 1) => void (rowOf(world, exporter).delivered += items),
    reload: async (yaml) => {
      const before = receiver;
      await begin(yaml);
      await before.shutdown(new AbortController().signal);
    },
    stop: () => receiver.shutdown(new AbortController().signal),
    advance: async (seconds) => {
      await context.clock.advance(seconds * 1000);
      await settlePromises();
    },
  };
  await begin(options.yaml ?? {});
  world.startedAt = context.clock.now();
  return made;
}

function rowOf(world: World, exporter: string): { delivered: number; lost: Record<string, number>; deadLettered: number } {
  const row = world.exporters.get(exporter) ?? { delivered: 0, lost: {}, deadLettered: 0 };
  world.exporters.set(exporter, row);
  return row;
}

function hostOf(world: World, base: Host): Host {
  const none = { received: 0, restored: 0, passed: 0, dropped: {}, refused: 0, failed: 0, held: 0, stored: 0, missing: 0 };
  return {
    ...base,
    health: () => ({ ready: world.startedAt !== undefined, startedAt: world.startedAt, nodes: world.nodes }),
    ledger: () => ({
      nodes: [...world.exporters].map(([id, row]) => ({
        ...none,
        ...structuredClone(row),
        key: `exporter/${id}`,
        kind: "exporter" as const,
        id,
      })),
      edges: [],
      violations: [],
    }),
    lastReload: () => world.lastReload,
    topology: () => ({ extensions: [], pipelines: world.pipelines }),
  };
}

/** A line of the health report about trouble that began `since`. */
export function troubled(node: string, code: TroubleCode, since: number, reason = "it says so"): NodeHealth {
  const isStall = code === "no_progress" || code === "circuit_breaker_open" || code === "sends_fail";
  return { node, healthy: true, reason, trouble: { code, since, ...(isStall ? { stalledSince: since } : {}) } };
}

/** The queue of an exporter in the health report. */
export function filled(exporter: string, share: number): NodeHealth {
  return { node: `exporter/${exporter}`, healthy: true, queue: { used: Math.round(share * 1000), capacity: 1000, share } };
}

/** The lines between some workers of one collector. A worker that is gone does not answer. */
export class Network {
  readonly #replies = new Map<number, (question: unknown) => unknown>();
  readonly gone: Set<number> = new Set();

  peersOf(worker: number): Peers {
    return {
      answer: (reply) => void this.#replies.set(worker, reply),
      ask: (question) => {
        const others = [...this.#replies].filter(([index]) => index !== worker && !this.gone.has(index));
        return Promise.resolve(others.map(([, reply]) => overTheWire(reply(overTheWire(question)))));
      },
    };
  }
}

function overTheWire(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value)) as unknown;
}
