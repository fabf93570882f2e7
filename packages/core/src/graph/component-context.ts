import type { Batch, LogBatch } from "@tidemark/otlp";
import type { AlertSink, ComponentContext, ComponentKind, Host } from "../contract/component.ts";
import { DELIVERED, type Outcome } from "../contract/outcome.ts";
import type { WorkerSlot } from "../contract/worker.ts";
import { createSettlement } from "../settlement/settlement.ts";
import { fanOut, type Edge } from "./entry-point.ts";
import { NO_PEERS } from "../exchange/exchange.ts";
import type { GraphEnvironment } from "./environment.ts";
import type { SharedObjects } from "./shared-objects.ts";

/** What differs from component to component. */
export interface ContextOptions {
  readonly id: string;
  readonly kind: ComponentKind;
  /** Tells the instances of one component apart: a pipeline, or a pair of signals. */
  readonly instance: string;
  readonly environment: GraphEnvironment;
  readonly host: Host;
  readonly shared: SharedObjects;
  readonly drop: (reason: string, items: number) => void;
  readonly alerts: AlertSink;
  readonly capability: ComponentContext["capability"];
}

const ONLY_WORKER: WorkerSlot = { index: 0, count: 1 };

/** The view of the world that a component gets. */
export function componentContext(options: ContextOptions): ComponentContext {
  const { id, kind, instance, environment, host, shared, drop, alerts, capability } = options;
  const key = `${kind}/${id}${instance === "" ? "" : `@${instance}`}`;
  return {
    id,
    kind,
    clock: environment.clock,
    random: environment.random,
    meter: environment.meter,
    log: environment.logger(key),
    host,
    worker: environment.exchange?.slot ?? ONLY_WORKER,
    peers: environment.exchange?.peers(key) ?? NO_PEERS,
    drop,
    alerts,
    capability,
    state: (name, version, init) => environment.states.handle(`${key}/${name}`, version, init),
    shared: (sharedKey) => shared.get(sharedKey),
  };
}

/** Sends the alerts of a component into the pipelines that list it. `edges` is filled while the graph is built. */
export function alertSink(transport: string, edges: readonly Edge[], environment: GraphEnvironment): AlertSink {
  return {
    offer: (alerts: LogBatch) =>
      new Promise<Outcome>((resolve) => {
        if (edges.length === 0 || alerts.itemCount === 0) return resolve(DELIVERED);
        const batch: Batch = alerts;
        const context = { receivedAt: environment.clock.now(), transport };
        fanOut({ batch, settlement: createSettlement(resolve), context }, edges);
      }),
  };
}
