import type { Batch, LogBatch } from "@tidemark/otlp";
import type { AlertSink, ComponentContext, ComponentKind, Host } from "../contract/component.ts";
import { DELIVERED, type Outcome } from "../contract/outcome.ts";
import type { WorkerSlot } from "../contract/worker.ts";
import { createSettlement } from "../settlement/settlement.ts";
import { NO_PEERS } from "../exchange/exchange.ts";
import { fanOut, type Outlet } from "./entry-point.ts";
import type { GraphEnvironment } from "./environment.ts";
import type { MemoryNames } from "./memory-names.ts";
import type { SharedObjects } from "./shared-objects.ts";
import type { TroubleList } from "./trouble-list.ts";

/** What differs from component to component. */
export interface ContextOptions {
  readonly id: string;
  readonly kind: ComponentKind;
  /** Tells the instances of one component apart: a pipeline, or a pair of signals. */
  readonly instance: string;
  readonly environment: GraphEnvironment;
  readonly host: Host;
  readonly shared: SharedObjects;
  readonly memory: MemoryNames;
  readonly troubles: TroubleList;
  readonly drop: (reason: string, items: number) => void;
  readonly alerts: AlertSink;
  readonly capability: ComponentContext["capability"];
}

/** Marks what components share among the names of their memory. */
export const SHARED = "shared:";

const ONLY_WORKER: WorkerSlot = { index: 0, count: 1 };

/** Under which name the store has the memory `name` of a component. */
export function stateKey(component: string, name: string): string {
  return `${component}/${name}`;
}

/** The view of the world that a component gets. */
export function componentContext(options: ContextOptions): ComponentContext {
  const { id, kind, instance, environment, host, shared, memory, troubles, drop, alerts, capability } = options;
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
    trouble: (code, message, forMs) => troubles.say(key, code, message, forMs),
    alerts,
    capability,
    state: (name, version, init) => {
      memory.note(key, name);
      return environment.states.handle(stateKey(key, name), version, init);
    },
    shared: (sharedKey) => {
      memory.note(key, `${SHARED}${sharedKey.name}`);
      return shared.get(sharedKey);
    },
  };
}

/** Sends the alerts of a component into the pipelines that list it. */
export function alertSink(transport: string, outlet: Outlet | undefined, environment: GraphEnvironment): AlertSink {
  return {
    offer: (alerts: LogBatch) =>
      new Promise<Outcome>((resolve) => {
        const edges = outlet?.edges ?? [];
        if (edges.length === 0 || alerts.itemCount === 0) return resolve(DELIVERED);
        const batch: Batch = alerts;
        const context = { receivedAt: environment.clock.now(), transport };
        fanOut({ batch, settlement: createSettlement(resolve), context }, edges);
      }),
  };
}
