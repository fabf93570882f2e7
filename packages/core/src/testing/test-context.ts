import { createNoopMeter } from "@opentelemetry/api";
import type { Batch, LogBatch } from "@tidemark/otlp";
import type { Capabilities } from "../contract/capabilities.ts";
import type { ComponentContext, ComponentKind, Extension } from "../contract/component.ts";
import type { Delivery } from "../contract/delivery.ts";
import type { OwnTroubleCode } from "../contract/health.ts";
import type { Logger } from "../contract/logger.ts";
import { DELIVERED, type Outcome } from "../contract/outcome.ts";
import type { PlanReport, ReloadReport } from "../contract/reload.ts";
import { NO_PEERS } from "../exchange/exchange.ts";
import type { GraphEnvironment } from "../graph/environment.ts";
import { SharedObjects } from "../graph/shared-objects.ts";
import { StateStore } from "../graph/state-store.ts";
import { createSettlement } from "../settlement/settlement.ts";
import { seededRandom } from "./seeded-random.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** A line that a component logged. */
export interface LoggedLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A context for unit tests of a component: virtual time, seeded randomness, and everything it did written down. */
export interface TestContext extends ComponentContext {
  readonly clock: VirtualClock;
  readonly lines: LoggedLine[];
  /** Items dropped so far, by reason. */
  readonly drops: Map<string, number>;
  /** What the component says is wrong with it: code, message, for how long. */
  readonly troubles: (readonly [code: OwnTroubleCode, message: string, forMs: number])[];
  /** Alert batches offered so far. */
  readonly offered: LogBatch[];
  /** What the alerts pipelines answer; change it to try refusals. */
  alertOutcome: Outcome;
}

const NOT_RELOADED: ReloadReport = { result: "unchanged", message: "Nothing has changed.", nodes: [], durationMs: 0 };
const NOTHING_PLANNED: PlanReport = { result: "planned", nodes: [], telemetryChanged: false, mistakes: [] };

/** Makes a `TestContext`. Give the same `states` to two contexts to try a reload. */
export function testContext(
  options: {
    readonly id?: string;
    readonly kind?: ComponentKind;
    readonly states?: StateStore;
    readonly seed?: number;
    /** The extensions that `capability` finds, by id. */
    readonly extensions?: Readonly<Record<string, Extension>>;
  } = {},
): TestContext {
  const { id = "test", kind = "processor", states = new StateStore(), seed, extensions = {} } = options;
  const clock = new VirtualClock();
  const random = seededRandom(seed);
  const lines: LoggedLine[] = [];
  const drops = new Map<string, number>();
  const troubles: [OwnTroubleCode, string, number][] = [];
  const offered: LogBatch[] = [];
  const shared = new SharedObjects({ clock, random });
  const context: TestContext = {
    id,
    kind,
    clock,
    random,
    lines,
    drops,
    troubles,
    offered,
    alertOutcome: DELIVERED,
    log: recordingLogger(lines),
    meter: createNoopMeter(),
    host: {
      health: () => ({ ready: true, startedAt: clock.now(), nodes: [] }),
      reload: async () => NOT_RELOADED,
      lastReload: () => undefined,
      plan: async () => NOTHING_PLANNED,
      ledger: () => ({ nodes: [], edges: [], violations: [] }),
      topology: () => ({ extensions: [], pipelines: [] }),
    },
    worker: { index: 0, count: 1 },
    peers: NO_PEERS,
    drop: (reason, items) => void drops.set(reason, (drops.get(reason) ?? 0) + items),
    trouble: (code, message, forMs) => void troubles.push([code, message, forMs]),
    state: (name, version, init) => states.handle(`${kind}/${id}/${name}`, version, init),
    shared: (key) => shared.get(key),
    capability(name, extensionId) {
      const provided: Partial<Capabilities> = extensions[extensionId] ?? {};
      const capability = provided[name];
      if (capability === undefined) throw new Error(`extension "${extensionId}" is not there; list it in service.extensions`);
      return capability;
    },
    alerts: {
      offer(batch) {
        offered.push(batch);
        return Promise.resolve(context.alertOutcome);
      },
    },
  };
  return context;
}

/** A logger that keeps its lines in `lines`. */
export function recordingLogger(lines: LoggedLine[]): Logger {
  const at =
    (level: LoggedLine["level"]): Logger["info"] =>
    (message, fields = {}) =>
      void lines.push({ level, message, fields });
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** An environment for whole graphs in tests. */
export function testEnvironment(
  options: { readonly clock?: GraphEnvironment["clock"]; readonly lines?: LoggedLine[] } = {},
): GraphEnvironment {
  const { clock = new VirtualClock(), lines = [] } = options;
  return { clock, random: seededRandom(), meter: createNoopMeter(), logger: () => recordingLogger(lines), states: new StateStore() };
}

/** A delivery that writes its outcomes down. */
export function testDelivery<B extends Batch>(
  batch: B,
  metadata?: ReadonlyMap<string, readonly string[]>,
): Delivery<B> & { readonly outcomes: Outcome[] } {
  const outcomes: Outcome[] = [];
  const settlement = createSettlement((outcome) => outcomes.push(outcome));
  return {
    batch,
    settlement,
    outcomes,
    context: { receivedAt: 1_760_000_000_000, transport: "test", ...(metadata === undefined ? {} : { metadata }) },
  };
}
