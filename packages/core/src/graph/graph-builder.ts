import type { Signal } from "@tidemark/otlp";
import type { ComponentContext, ComponentKind, Connector, Extension, Host, Receiver } from "../contract/component.ts";
import type { Delivery } from "../contract/delivery.ts";
import type { Partition } from "../contract/worker.ts";
import { ExchangeNode } from "../exchange/exchange-node.ts";
import { ExporterNode } from "../export/exporter-node.ts";
import { exporterSettings } from "../export/exporter-settings.ts";
import { EdgeLedger, OTHER_WORKERS, type EdgeKind } from "../ledger/edge-ledger.ts";
import type { NodeIdentity, NodeLedger } from "../ledger/node-ledger.ts";
import { capabilityOf } from "./capability-of.ts";
import { ChainBuilder } from "./chain-builder.ts";
import { alertSink, componentContext } from "./component-context.ts";
import { Outlet, type Edge, type Target } from "./entry-point.ts";
import type { GraphEnvironment } from "./environment.ts";
import { NO_PARTS, Renewable, type Chain, type ExporterPart, type GraphParts, type ReceiverPart } from "./graph-parts.ts";
import type { Running } from "./running.ts";
import type { GraphSpec, PipelineSpec } from "./graph-spec.ts";
import { liftStream } from "./lift-stream.ts";
import { MemoryNames } from "./memory-names.ts";
import { partitionOf } from "./partition-of.ts";
import { dataSignal, GraphError, inFeedingOrder, lookup } from "./plan.ts";
import { ReceiverNode } from "./receiver-node.ts";
import type { SharedBooks } from "./shared-books.ts";
import type { SharedObjects } from "./shared-objects.ts";
import { SpecDiff } from "./spec-diff.ts";
import { switchedOff } from "./switched-off.ts";
import type { TroubleList } from "./trouble-list.ts";

const EMPTY_SPEC: GraphSpec = { receivers: [], processors: [], connectors: [], exporters: [], extensions: [], pipelines: [] };

/** What all graphs have in common that follow each other in one collector. */
export interface Ground {
  readonly environment: GraphEnvironment;
  readonly host: Host;
  readonly books: SharedBooks;
  readonly shared: SharedObjects;
  readonly troubles: TroubleList;
}

/** A graph that is built, and in which nothing runs that did not run before. */
export interface BuiltGraph {
  readonly spec: GraphSpec;
  readonly parts: GraphParts;
  readonly memory: MemoryNames;
  /** Leads the nodes that go on to their new targets, all at once. After it nothing new comes to the nodes that are not taken over. */
  connect(): void;
}

/** One component, as its context is made for it. */
interface Part {
  readonly kind: ComponentKind;
  readonly id: string;
  /** Which of several of this id: its pipeline, or its pair of signals. */
  readonly instance?: string;
  readonly drop?: (reason: string, items: number) => void;
  readonly alerts?: Outlet;
}

/** Builds the nodes and edges of a specification, from the exporters back to the receivers. What `previous` has of it is taken over. */
export class GraphBuilder {
  readonly #spec: GraphSpec;
  readonly #ground: Ground;
  readonly #previous: GraphParts;
  readonly #memoryBefore: MemoryNames | undefined;
  readonly #diff: SpecDiff;
  readonly #memory = new MemoryNames();
  readonly #extensions: Map<string, Renewable<Extension>> = new Map();
  readonly #exporters: Map<string, ExporterPart> = new Map();
  /** The exporters themselves, or the exchanges before them. */
  readonly #exporterHeads: Map<string, Target> = new Map();
  readonly #chains: Map<string, Chain> = new Map();
  /** Targets of each pipeline: its entry, or its exporters where it has no processors. */
  readonly #heads: Map<string, readonly Target[]> = new Map();
  readonly #links: { readonly outlet: Outlet; readonly edges: readonly Edge[] }[] = [];
  /** Components that were made here, and books that were opened: for a graph that cannot be built to its end. */
  readonly made: Running[] = [];
  readonly opened: NodeLedger[] = [];

  constructor(spec: GraphSpec, ground: Ground, previous?: BuiltGraph) {
    this.#spec = spec;
    this.#ground = ground;
    this.#previous = previous?.parts ?? NO_PARTS;
    this.#memoryBefore = previous?.memory;
    this.#diff = new SpecDiff(previous?.spec ?? EMPTY_SPEC, spec);
  }

  build(): BuiltGraph {
    for (const { id } of this.#spec.extensions) this.#extensions.set(id, this.#extension(id));
    // Downstream first, so that every edge finds its target; the chains are turned round at the end.
    for (const pipeline of inFeedingOrder(this.#spec).toReversed()) this.#buildPipeline(pipeline);
    const listed = this.#spec.receivers.filter(({ id }) => this.#spec.pipelines.some(({ receivers }) => receivers.includes(id)));
    const parts = {
      receivers: listed.map(({ id }) => this.#receiver(id)),
      chains: [...this.#chains.values()].toReversed(),
      exporters: [...this.#exporters.values()],
      extensions: [...this.#extensions.values()],
    };
    const links = this.#links;
    const { ledger } = this.#ground.books;
    const connect = (): void => {
      for (const { outlet, edges } of links) outlet.lead(edges, ledger);
    };
    return { spec: this.#spec, parts, memory: this.#memory, connect };
  }

  #made<T extends Running>(running: T): T {
    this.made.push(running);
    return running;
  }

  #open(identity: NodeIdentity): NodeLedger {
    const ledger = this.#ground.books.ledger.node(identity);
    this.opened.push(ledger);
    return ledger;
  }

  #keep(component: string): void {
    if (this.#memoryBefore !== undefined) this.#memory.inherit(component, this.#memoryBefore);
  }

  #extension(id: string): Renewable<Extension> {
    const key = `extension/${id}`;
    const known = this.#previous.extensions.find((part) => part.id === id);
    if (known !== undefined && this.#diff.changeOf("extension", id) === undefined) {
      this.#keep(key);
      return known;
    }
    const { definition, config } = lookup(this.#spec.extensions, id, "extension", "");
    const context = this.#context({ kind: "extension", id });
    return this.#made(new Renewable(key, id, config, () => definition.create(config, context)));
  }

  #buildPipeline(pipeline: PipelineSpec): void {
    const targets = pipeline.exporters.flatMap((id) => this.#exporterTargets(id, pipeline));
    if (targets.length === 0) throw new GraphError(`pipeline "${pipeline.id}" must have at least one exporter`);
    const heads = pipeline.processors.length === 0 ? targets : [this.#chainBefore(targets, pipeline)];
    this.#heads.set(pipeline.id, pipeline.isOff === true ? [this.#switchBefore(pipeline)] : heads);
  }

  #chainBefore(targets: readonly Target[], pipeline: PipelineSpec): Target {
    const key = `pipeline/${pipeline.id}`;
    const known = this.#previous.chains.find((chain) => chain.key === key);
    const isKept = known !== undefined && this.#diff.changeOfChain(pipeline.id) === undefined;
    const chain = isKept ? known : this.#buildChain(key, pipeline);
    for (const { key: step } of isKept ? chain.steps : []) this.#keep(step);
    for (const { id, ledger, alerts } of chain.steps)
      if (alerts !== undefined) this.#lead(alerts, this.#alertEdges(id, ledger, alerts), isKept);
    this.#lead(chain.outlet, this.#edges("data", chain.steps.at(-1)!.ledger, targets, chain.outlet), isKept);
    this.#chains.set(key, chain);
    return chain.entry;
  }

  #switchBefore({ id }: PipelineSpec): Target {
    const key = `switch/${id}`;
    const { books, environment } = this.#ground;
    const known = this.#previous.chains.find((chain) => chain.key === key);
    const chain = known ?? switchedOff(this.#open({ key, kind: "switch", id, pipeline: id }), books.ledger, environment.logger(key));
    this.#chains.set(key, chain);
    return chain.entry;
  }

  #buildChain(key: string, pipeline: PipelineSpec): Chain {
    const { environment, books } = this.#ground;
    const builder = new ChainBuilder(books.ledger);
    const signal = dataSignal(pipeline.signal);
    let before: Partition | undefined;
    for (const id of pipeline.processors) {
      const { definition, config } = lookup(this.#spec.processors, id, "processor", pipeline.id);
      const partition = environment.exchange === undefined ? undefined : partitionOf(definition, config, signal);
      if (partition !== undefined && partition.name !== before?.name)
        builder.addExchange(
          id,
          this.#exchangeNode(partition, { key: exchangeKey(id, pipeline.id), kind: "exchange", id, pipeline: pipeline.id }),
        );
      before = partition;
      const ledger = this.#open({ key: `processor/${id}@${pipeline.id}`, kind: "processor", id, pipeline: pipeline.id });
      const alerts = new Outlet();
      const context = this.#context({
        kind: "processor",
        id,
        instance: pipeline.id,
        drop: (reason, items) => ledger.drop(reason, items),
        alerts,
      });
      const component = definition.create(config, { ...context, signal, pipeline: pipeline.id });
      this.#made({ key: ledger.identity.key, id, component });
      builder.addProcessor(id, component, { ledger, alerts, log: context.log, borrows: definition.borrows === true });
    }
    return builder.finish(key);
  }

  #exporterTargets(id: string, pipeline: PipelineSpec): readonly Target[] {
    if (this.#spec.connectors.some((connector) => connector.id === id))
      return this.#connectorTargets(id, dataSignal(pipeline.signal), pipeline.id);
    const known = this.#exporterHeads.get(id);
    if (known !== undefined) return [known];
    const { definition, config } = lookup(this.#spec.exporters, id, "exporter", pipeline.id);
    const key = `exporter/${id}`;
    const previous = this.#previous.exporters.find((part) => part.id === id);
    const isKept = previous !== undefined && this.#diff.changeOf("exporter", id) === undefined;
    if (isKept) this.#keep(key);
    const part = isKept ? previous : this.#buildExporter(id, pipeline.id);
    this.#exporters.set(id, part);
    const partition = this.#ground.environment.exchange === undefined ? undefined : definition.partition?.(config, id);
    const head = partition === undefined ? part.target : this.#exchangeBefore(part.target, partition, id, isKept);
    this.#exporterHeads.set(id, head);
    return [head];
  }

  #buildExporter(id: string, pipelineId: string): ExporterPart {
    const { definition, config } = lookup(this.#spec.exporters, id, "exporter", pipelineId);
    const { books } = this.#ground;
    const key = `exporter/${id}`;
    const ledger = this.#open({ key, kind: "exporter", id });
    // The batch is booked as delivered when `send` resolves; what the exporter took out of it on purpose is no delivery.
    const drop = (reason: string, items: number): void => {
      ledger.drop(reason, items);
      ledger.delivered -= items;
    };
    const context = this.#context({ kind: "exporter", id, drop });
    const component = definition.create(config, context);
    this.#made({ key, id, component });
    const node = new ExporterNode(component, exporterSettings(config), context, ledger, books.exporterCounts(id));
    const consume = (delivery: Delivery): void => {
      if (definition.borrows !== true) delivery.batch.keep();
      node.consume(delivery);
    };
    return { key, id, component, node, target: { ledger, consume } };
  }

  #exchangeNode(partition: Partition, identity: NodeIdentity): { node: ExchangeNode; ledger: NodeLedger } {
    const { environment, books } = this.#ground;
    if (environment.exchange === undefined) throw new GraphError("there are no other workers to exchange with");
    const ledger = this.#open(identity);
    return {
      node: new ExchangeNode(environment.exchange, partition, ledger, books.ledger.connect(new EdgeLedger("data", OTHER_WORKERS, ledger))),
      ledger,
    };
  }

  #exchangeBefore(target: Target, partition: Partition, id: string, isKept: boolean): Target {
    const key = exchangeKey(id, "");
    let chain = isKept ? this.#previous.chains.find((known) => known.key === key) : undefined;
    if (chain === undefined) {
      const builder = new ChainBuilder(this.#ground.books.ledger);
      builder.addExchange(id, this.#exchangeNode(partition, { key, kind: "exchange", id }));
      chain = builder.finish(key);
    }
    this.#lead(chain.outlet, this.#edges("data", chain.entry.ledger, [target], chain.outlet), isKept);
    this.#chains.set(key, chain);
    return chain.entry;
  }

  #connectorTargets(id: string, from: Signal, pipelineId: string): readonly Target[] {
    const { definition } = lookup(this.#spec.connectors, id, "connector", pipelineId);
    const signals = new Set(this.#spec.pipelines.filter(({ receivers }) => receivers.includes(id)).map(({ signal }) => dataSignal(signal)));
    const pairs = definition.pairs.filter(([a, b]) => a === from && signals.has(b));
    if (pairs.length === 0)
      throw new GraphError(
        `connector "${id}" cannot connect from ${from} to ${[...signals].join(", ") || "anything"}: telemetry type is not supported`,
      );
    return pairs.map(([, to]) => this.#connectorTarget(id, from, to));
  }

  #connectorTarget(id: string, from: Signal, to: Signal): Target {
    const key = `connector/${id}@${from}-${to}`;
    const known = this.#chains.get(key);
    if (known !== undefined) return known.entry;
    const previous = this.#previous.chains.find((part) => part.key === key);
    const isKept = previous !== undefined && this.#diff.changeOf("connector", id) === undefined;
    if (isKept) this.#keep(key);
    const chain = isKept ? previous : this.#buildConnector(key, id, from, to);
    const { ledger } = chain.entry;
    this.#lead(chain.outlet, this.#edgesInto(id, ledger, to, chain.outlet), isKept);
    const alerts = chain.steps[0]?.alerts;
    if (alerts !== undefined) this.#lead(alerts, this.#alertEdges(id, ledger, alerts), isKept);
    this.#chains.set(key, chain);
    return chain.entry;
  }

  #buildConnector(key: string, id: string, from: Signal, to: Signal): Chain {
    const { definition, config } = lookup(this.#spec.connectors, id, "connector", "");
    const ledger = this.#open({ key, kind: "connector", id });
    const alerts = new Outlet();
    const context = this.#context({ kind: "connector", id, instance: `${from}-${to}`, alerts });
    const component: Connector = definition.create(config, { ...context, from, to });
    this.#made({ key, id, component });
    const builder = new ChainBuilder(this.#ground.books.ledger);
    builder.add({ key, id, component, ledger, alerts }, liftStream(component.operator, ledger, context.log, "connector"), false);
    return builder.finish(key);
  }

  #receiver(id: string): ReceiverPart {
    const key = `receiver/${id}`;
    const known = this.#previous.receivers.find(({ running }) => running.id === id);
    const isKept = known !== undefined && this.#diff.changeOf("receiver", id) === undefined;
    if (isKept) this.#keep(key);
    const part = isKept ? known : this.#buildReceiver(key, id);
    for (const signal of ["traces", "metrics", "logs"] as const) {
      const outlet = part.outlets[signal];
      this.#lead(outlet, this.#edgesInto(id, part.node.ledger, signal, outlet), isKept);
    }
    return part;
  }

  #buildReceiver(key: string, id: string): ReceiverPart {
    const { definition, config } = lookup(this.#spec.receivers, id, "receiver", "");
    const { books } = this.#ground;
    const ledger = this.#open({ key, kind: "receiver", id });
    const context = this.#context({ kind: "receiver", id, drop: (reason, items) => ledger.drop(reason, items) });
    const outlets = { traces: new Outlet(), metrics: new Outlet(), logs: new Outlet() };
    const node = new ReceiverNode(ledger, outlets, books.receiverCounts(id), context.log);
    const create = (): Receiver => {
      const component = definition.create(config, context);
      component.deliveries.subscribe((delivery) => node.consume(delivery));
      return component;
    };
    const running = this.#made(new Renewable(key, id, config, create));
    return { running, node, outlets };
  }

  /** New nodes lead on at once, those that go on not before all is ready. */
  #lead(outlet: Outlet, edges: readonly Edge[], isKept: boolean): void {
    if (isKept) this.#links.push({ outlet, edges });
    else outlet.lead(edges, this.#ground.books.ledger);
  }

  /** Edges into every pipeline that lists `id` as a receiver and carries `signal`. */
  #edgesInto(id: string, from: NodeLedger, signal: Signal, outlet: Outlet): readonly Edge[] {
    const targets = this.#spec.pipelines
      .filter((pipeline) => pipeline.receivers.includes(id) && dataSignal(pipeline.signal) === signal)
      .flatMap((pipeline) => this.#heads.get(pipeline.id) ?? []);
    return this.#edges("data", from, targets, outlet);
  }

  #alertEdges(id: string, from: NodeLedger, outlet: Outlet): readonly Edge[] {
    const targets = this.#spec.pipelines
      .filter((pipeline) => pipeline.signal === "alerts" && pipeline.receivers.includes(id))
      .flatMap((pipeline) => this.#heads.get(pipeline.id) ?? []);
    return this.#edges("alerts", from, targets, outlet);
  }

  /** Edges that `outlet` has already stay as they are. */
  #edges(kind: EdgeKind, from: NodeLedger, targets: readonly Target[], outlet: Outlet): readonly Edge[] {
    const known = [...outlet.edges];
    return targets.map((target) => {
      const at = known.findIndex((edge) => edge.target === target);
      const [edge] = at < 0 ? [] : known.splice(at, 1);
      return edge ?? { ledger: new EdgeLedger(kind, from, target.ledger), target };
    });
  }

  #context({ kind, id, instance = "", drop = () => undefined, alerts }: Part): ComponentContext {
    const { environment, host, shared, troubles } = this.#ground;
    const sink = alertSink(id, alerts, environment);
    const capability = capabilityOf(this.#extensions);
    return componentContext({
      kind,
      id,
      instance,
      environment,
      host,
      shared,
      memory: this.#memory,
      troubles,
      drop,
      alerts: sink,
      capability,
    });
  }
}

function exchangeKey(id: string, pipeline: string): string {
  return `exchange/${id}${pipeline === "" ? "" : `@${pipeline}`}`;
}
