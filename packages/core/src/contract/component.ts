import type { Meter } from "@opentelemetry/api";
import type { Batch, LogBatch, Signal } from "@tidemark/otlp";
import type { Observable, OperatorFunction } from "rxjs";
import type { z } from "zod";
import type { LedgerSnapshot } from "../ledger/ledger.ts";
import type { Capabilities, CapabilityName } from "./capabilities.ts";
import type { Clock, Random } from "./clock.ts";
import type { Delivery } from "./delivery.ts";
import type { NodeHealth, OwnTroubleCode } from "./health.ts";
import type { Logger } from "./logger.ts";
import type { Outcome } from "./outcome.ts";
import type { Candidate, LastReload, PlanReport, ReloadReport } from "./reload.ts";
import type { Partition, Peers, WorkerSlot } from "./worker.ts";

/** The stream kinds that a pipeline can carry. An `alerts` pipeline carries OTLP log records that follow the alert convention. */
export type PipelineSignal = Signal | "alerts";

/** What a component is, as the sections of a configuration name it. */
export type ComponentKind = "receiver" | "processor" | "connector" | "exporter" | "extension";

/** As in the Collector: what a user may rely on. */
export type Stability = "development" | "alpha" | "beta" | "stable" | "deprecated";

/** Memory that outlives the node: kept by component id and name, handed to the next graph when its version is the same. */
export interface StateHandle<T> {
  value: T;
}

/** Where a detecting component leaves its alerts. */
export interface AlertSink {
  /** Offers alerts to every `alerts` pipeline that lists this component; resolves with what became of them. */
  offer(alerts: LogBatch): Promise<Outcome>;
}

/** Which components run, by their ids. */
export interface Topology {
  readonly extensions: readonly string[];
  readonly pipelines: readonly {
    readonly id: string;
    readonly receivers: readonly string[];
    readonly processors: readonly string[];
    readonly exporters: readonly string[];
  }[];
}

/** What extensions may see of the running collector. */
export interface Host {
  /** Whether the pipelines are started and every node makes progress. */
  health(): { readonly ready: boolean; readonly startedAt: number | undefined; readonly nodes: readonly NodeHealth[] };
  /** Reads the configuration again and takes it over; resolves when it is active, or with what is wrong with it. Never rejects. */
  reload(): Promise<ReloadReport>;
  /** How the last reload ended, whoever asked for it; undefined before the first. */
  lastReload(): LastReload | undefined;
  /** What a reload to another configuration would do. Starts nothing, opens no port and reads no file. Never rejects. */
  plan(candidate: Candidate): Promise<PlanReport>;
  /** The books of all nodes at this moment. */
  ledger(): LedgerSnapshot;
  topology(): Topology;
}

/** Everything that a component gets from outside. It uses nothing else: no globals, no own clock, no own randomness. */
export interface ComponentContext {
  /** The component's id, `type` or `type/name`. */
  readonly id: string;
  readonly kind: ComponentKind;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly meter: Meter;
  readonly host: Host;
  /** Which worker process this is; `{ index: 0, count: 1 }` in a collector of one process. */
  readonly worker: WorkerSlot;
  /** The same component in the other workers; nobody in a collector of one process. */
  readonly peers: Peers;
  /** Explains items that the component took out of the stream on purpose. Each reason becomes a ledger row and a metric. */
  drop(reason: string, items: number): void;
  /**
   * Says what is wrong with the component. It shows in the health report for `forMs` from now on; say it again while it lasts. With
   * `forMs` 0 it is over at once.
   */
  trouble(code: OwnTroubleCode, message: string, forMs: number): void;
  /** State that survives a reload of the graph. `name` is unique in the component; another `version` starts from `init()`. */
  state<T>(name: string, version: number, init: () => T): StateHandle<T>;
  /** An object that all components of one running graph share, made by the first who asks for it. */
  shared<T>(key: SharedKey<T>): T;
  /** For processors and connectors that detect: where their alerts go. Offers settle as delivered when no pipeline lists the component. */
  readonly alerts: AlertSink;
  /**
   * What the extension `extensionId` can do for this component.
   * @throws Error in words for users when it is not in `service.extensions` or cannot do that.
   */
  capability<K extends CapabilityName>(name: K, extensionId: string): Capabilities[K];
}

/** Names a graph-wide object and knows how to make it. Declare it once, beside its type. */
export interface SharedKey<T> {
  readonly name: string;
  readonly create: (environment: { readonly clock: Clock; readonly random: Random }) => T;
}

/** The moments of every component. Each may be called once; `shutdown` may come without `start`. */
export interface Lifecycle {
  /** Resolves when the component can do its work; rejects to stop the start of the collector. */
  start?(): Promise<void> | void;
  /**
   * The end is near: receivers, which stop before all others, wait for the answers to their clients. From now on nothing that is held
   * waits for more to come; `shutdown` follows.
   */
  hurry?(): void;
  /** Resolves when nothing is held any more. After it the component does nothing. `deadline` aborts when time is up. */
  shutdown?(deadline: AbortSignal): Promise<void> | void;
}

/** A receiver is a stream of deliveries. It answers its client from the settlement. */
export interface Receiver extends Lifecycle {
  readonly deliveries: Observable<Delivery>;
}

/**
 * A plain function over a batch: what it returns goes on; `undefined` (or a batch without items) goes no further.
 * Items that are missing from the result must have been explained by `context.drop`.
 */
export interface BatchFunction extends Lifecycle {
  process(batch: Batch, delivery: Delivery): Batch | undefined;
}

/** A processor that needs the whole stream: it holds, merges or splits. It settles, or hands on, every delivery it takes. */
export interface StreamProcessor extends Lifecycle {
  readonly operator: OperatorFunction<Delivery, Delivery>;
  /** Items taken in and neither handed on nor settled, for the ledger. */
  held(): number;
}

/** Either form of a processor; most need no more than a function over a batch. */
export type Processor = BatchFunction | StreamProcessor;

/** Joins pipelines: exporter of one, receiver of another. Items in and items out need not match; settlements must. */
export interface Connector extends Lifecycle {
  readonly operator: OperatorFunction<Delivery, Delivery>;
}

/**
 * An exporter sends one batch at a time and throws a `PipelineError` when it could not. Retry, time-out and the sending queue
 * are put around it by the graph when its configuration has `retry_on_failure`, `timeout` and `sending_queue` fields.
 */
export interface Exporter extends Lifecycle {
  send(batch: Batch, context: SendContext): Promise<void> | void;
}

/** What an exporter may know and say about one attempt. */
export interface SendContext {
  /** Aborts when the attempt's `timeout` or the shutdown deadline has passed. */
  readonly signal: AbortSignal;
  /** Reports items that the far side took but rejected (OTLP partial success): they count as failed, and are not sent again. */
  rejected(items: number, message: string): void;
  /** The far side is slow: compress with this, whatever the configuration says. Undefined: as configured. */
  readonly compression?: "gzip" | "zstd" | undefined;
}

/** Serves the collector itself, or other components by its capabilities; no data passes through it. */
export interface Extension extends Lifecycle, Partial<Capabilities> {
  /** The pipelines have started. */
  ready?(): void;
  /** The pipelines are about to stop. */
  notReady?(): void;
}

/** What all definitions say about themselves. From it come types, configuration schema, documentation and tests. */
export interface DefinitionBase<C extends z.ZodType> {
  /** The name in YAML, lower_snake_case; also the name of its folder. */
  readonly type: string;
  /** Older names that are accepted with a warning. */
  readonly aliases?: readonly string[];
  readonly stability: Stability;
  /** One sentence: what it does. */
  readonly summary: string;
  /** A zod object. Every field carries a description and an example (`.meta`), optional ones a default. */
  readonly config: C;
  /** Smallest useful YAML body, used in documentation and by the contract tests. */
  readonly example: string;
}

/** What processors and exporters say about the bytes of batches. */
export interface Borrowing {
  /**
   * Whether the component looks at the bytes of a batch, and at views of it, only until it has handed the batch on or settled it (an exporter: until
   * `send` has resolved), and hands no item on twice. Their memory is then given back when the batch has been sent, if all on its way
   * are like that; otherwise it is collected.
   */
  readonly borrows?: boolean;
}

/** A receiver: what it is, and how one is made. */
export interface ReceiverDefinition<C extends z.ZodType = z.ZodType> extends DefinitionBase<C> {
  readonly kind: "receiver";
  readonly signals: readonly Signal[];
  create(config: z.output<C>, context: ComponentContext): Receiver;
}

/** A processor: what it is, and how one is made. */
export interface ProcessorDefinition<C extends z.ZodType = z.ZodType> extends DefinitionBase<C>, Borrowing {
  readonly kind: "processor";
  readonly signals: readonly Signal[];
  /** Whether it may stand under `receivers` of an `alerts` pipeline. */
  readonly emitsAlerts?: boolean;
  /** What it must see in one place when there are several workers: for components with memory. Without it each worker has its own. */
  partition?(config: z.output<C>, signal: Signal): Partition | undefined;
  /** One instance for each pipeline that lists it. */
  create(config: z.output<C>, context: ComponentContext & { readonly signal: Signal; readonly pipeline: string }): Processor;
}

/** A connector: what it is, and how one is made for each pair of signals that is used. */
export interface ConnectorDefinition<C extends z.ZodType = z.ZodType> extends DefinitionBase<C> {
  readonly kind: "connector";
  /** Supported pairs: signal in, signal out. */
  readonly pairs: readonly (readonly [from: Signal, to: Signal])[];
  readonly emitsAlerts?: boolean;
  create(config: z.output<C>, context: ComponentContext & { readonly from: Signal; readonly to: Signal }): Connector;
}

/** An exporter: what it is, and how one is made. */
export interface ExporterDefinition<C extends z.ZodType = z.ZodType> extends DefinitionBase<C>, Borrowing {
  readonly kind: "exporter";
  readonly signals: readonly Signal[];
  /** As of processors: for exporters of which there may be one only, because they own a file or a quota. */
  partition?(config: z.output<C>, id: string): Partition | undefined;
  /** One instance for each id; it gets the batches of every pipeline that lists it. */
  create(config: z.output<C>, context: ComponentContext): Exporter;
}

/** An extension: what it is, and how one is made. */
export interface ExtensionDefinition<C extends z.ZodType = z.ZodType> extends DefinitionBase<C> {
  readonly kind: "extension";
  /** What its instances can do for other components; the configuration is checked against it. */
  readonly provides?: readonly CapabilityName[];
  /**
   * With several worker processes: `process` (standard) runs one in each of them, `collector` only one, beside them all, because it
   * owns a port or a file.
   */
  readonly scope?: "process" | "collector";
  create(config: z.output<C>, context: ComponentContext): Extension;
}

/** The definition of any component. */
export type ComponentDefinition = ReceiverDefinition | ProcessorDefinition | ConnectorDefinition | ExporterDefinition | ExtensionDefinition;
