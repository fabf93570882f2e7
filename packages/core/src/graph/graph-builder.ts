import type { Signal } from "@tidemark/otlp";
import { tap } from "rxjs";
import type { Capabilities, CapabilityName } from "../contract/capabilities.ts";
import type { ComponentContext, ComponentKind, Connector, Exporter, Extension, Host, Lifecycle, Receiver } from "../contract/component.ts";
import type { Partition } from "../contract/worker.ts";
import { cuts } from "../exchange/cut-batch.ts";
import { ExchangeNode } from "../exchange/exchange-node.ts";
import { ExporterNode } from "../export/exporter-node.ts";
import { exporterSettings } from "../export/exporter-settings.ts";
import { Ledger, type EdgeKind } from "../ledger/ledger.ts";
import type { NodeIdentity } from "../ledger/node-ledger.ts";
import { alertSink, componentContext } from "./component-context.ts";
import { EntryPoint, fanOut, type Edge, type Target } from "./entry-point.ts";
import type { GraphEnvironment } from "./environment.ts";
import type { GraphSpec, PipelineSpec } from "./graph-spec.ts";
import { liftBatchFunction } from "./lift-batch-function.ts";
import { liftStream } from "./lift-stream.ts";
import { dataSignal, GraphError, inFeedingOrder, lookup } from "./plan.ts";
import { ReceiverNode } from "./receiver-node.ts";
import { SharedObjects } from "./shared-objects.ts";

/** A component with its name for messages. */
export interface Running<T extends Lifecycle> {
  readonly key: string;
  readonly id: string;
  readonly component: T;
}

/** A chain of operators that is closed by the one before it: a pipeline or a connector. */
export interface Chain {
  readonly entry: EntryPoint;
  readonly components: readonly Running<Lifecycle>[];
}

/** Everything that a graph consists of, in the order in which data flows. */
export interface GraphParts {
  readonly receivers: readonly Running<Receiver>[];
  readonly receiverNodes: readonly ReceiverNode[];
  readonly chains: readonly Chain[];
  readonly exporters: readonly (Running<Exporter> & { readonly node: ExporterNode })[];
  readonly extensions: readonly Running<Extension>[];
}

/** Builds the nodes and edges of a specification, from the exporters back to the receivers. */
export class GraphBuilder {
  readonly ledger: Ledger = new Ledger();
  readonly #spec: GraphSpec;
  readonly #environment: GraphEnvironment;
  readonly #host: Host;
  readonly #shared: SharedObjects;
  readonly #extensions: Map<string, Running<Extension>> = new Map();
  readonly #exporters: Map<string, Running<Exporter> & { readonly node: ExporterNode }> = new Map();
  /** The exporters themselves, or the exchanges before them. */
  readonly #exporterHeads: Map<string, Target> = new Map();
  readonly #connectors: Map<string, EntryPoint> = new Map();
  /** Targets of each pipeline: its entry, or its exporters where it has no processors. */
  readonly #heads: Map<string, readonly Target[]> = new Map();
  readonly #chains: Chain[] = [];

  constructor(spec: GraphSpec, environment: GraphEnvironment, host: Host) {
    this.#spec = spec;
    this.#environment = environment;
    this.#host = host;
    this.#shared = new SharedObjects(environment);
  }

  build(): GraphParts {
    for (const { id, definition, config } of this.#spec.extensions) {
      const context = this.#context("extension", id, "", () => undefined, []);
      this.#extensions.set(id, { key: `extension/${id}`, id, component: definition.create(config, context) });
    }
    // Downstream first, so that every edge finds its target; the chains are turned round at the end.
    for (const pipeline of inFeedingOrder(this.#spec).toReversed()) this.#buildPipeline(pipeline);
    const receivers = this.#spec.receivers.filter(({ id }) => this.#spec.pipelines.some((pipeline) => pipeline.receivers.includes(id)));
    const nodes = receivers.map((configured) => this.#buildReceiver(configured.id));
    return {
      receivers: nodes.map(({ running }) => running),
      receiverNodes: nodes.map(({ node }) => node),
      chains: this.#chains.toReversed(),
      exporters: [...this.#exporters.values()],
      extensions: [...this.#extensions.values()],
    };
  }

  #buildPipeline(pipeline: PipelineSpec): void {
    const targets = pipeline.exporters.flatMap((id) => this.#exporterTargets(id, pipeline));
    if (targets.length === 0) throw new GraphError(`pipeline "${pipeline.id}" must have at least one exporter`);
    const [first] = pipeline.processors;
    if (first === undefined) {
      this.#heads.set(pipeline.id, targets);
      return;
    }
    const signal = dataSignal(pipeline.signal);
    const partitions = pipeline.processors.map((id) => this.#partition(id, pipeline));
    const entry = new EntryPoint(partitions[0] === undefined ? processorKey(first, pipeline) : exchangeKey(first, pipeline.id));
    this.#heads.set(pipeline.id, [entry]);
    const components: Running<Lifecycle>[] = [];
    let stream = entry.deliveries.asObservable();
    let previous: string | undefined;
    const follow = (key: string): void => {
      if (previous !== undefined) {
        const edge = this.ledger.edge("data", previous, key);
        stream = stream.pipe(tap((delivery) => (edge.items += delivery.batch.itemCount)));
      }
      previous = key;
    };
    for (const [index, id] of pipeline.processors.entries()) {
      const partition = partitions[index];
      if (partition !== undefined && partition.name !== partitions[index - 1]?.name) {
        const key = exchangeKey(id, pipeline.id);
        follow(key);
        const exchange = this.#exchangeNode(partition, { key, kind: "exchange", id, pipeline: pipeline.id });
        stream = stream.pipe(exchange.operator);
        components.push({ key, id, component: exchange });
      }
      const node = this.ledger.node({ key: processorKey(id, pipeline), kind: "processor", id, pipeline: pipeline.id });
      const { definition, config } = lookup(this.#spec.processors, id, "processor", pipeline.id);
      const alertEdges = this.#alertEdges(id, node.identity.key);
      const context = this.#context("processor", id, pipeline.id, (reason, items) => node.drop(reason, items), alertEdges);
      const component = definition.create(config, { ...context, signal, pipeline: pipeline.id });
      follow(node.identity.key);
      if ("process" in component) stream = stream.pipe(liftBatchFunction(component, node, context.log));
      else {
        node.held = () => component.held();
        stream = stream.pipe(liftStream(component.operator, node, context.log, "processor"));
      }
      components.push({ key: node.identity.key, id, component });
    }
    const edges = targets.map((target) => this.#edge("data", previous ?? "", target));
    stream.subscribe((delivery) => fanOut(delivery, edges));
    this.#chains.push({ entry, components });
  }

  #exporterTargets(id: string, pipeline: PipelineSpec): readonly Target[] {
    const from = dataSignal(pipeline.signal);
    if (this.#spec.connectors.some((connector) => connector.id === id)) return this.#connectorTargets(id, from, pipeline.id);
    const known = this.#exporterHeads.get(id);
    if (known !== undefined) return [known];
    const { definition, config } = lookup(this.#spec.exporters, id, "exporter", pipeline.id);
    const ledger = this.ledger.node({ key: `exporter/${id}`, kind: "exporter", id });
    // The batch is booked as delivered when `send` resolves; what the exporter took out of it on purpose is no delivery.
    const drop = (reason: string, items: number): void => {
      ledger.drop(reason, items);
      ledger.delivered -= items;
    };
    const context = this.#context("exporter", id, "", drop, []);
    const component = definition.create(config, context);
    const node = new ExporterNode(component, exporterSettings(config), context, ledger);
    this.#exporters.set(id, { key: ledger.identity.key, id, component, node });
    const target: Target = { key: ledger.identity.key, consume: (delivery) => node.consume(delivery) };
    const partition = this.#environment.exchange === undefined ? undefined : definition.partition?.(config, id);
    const head = partition === undefined ? target : this.#exchangeBefore(target, partition, id);
    this.#exporterHeads.set(id, head);
    return [head];
  }

  /** What a processor must see in one place, where there are several. */
  #partition(id: string, pipeline: PipelineSpec): Partition | undefined {
    if (this.#environment.exchange === undefined) return undefined;
    const { definition, config } = lookup(this.#spec.processors, id, "processor", pipeline.id);
    const signal = dataSignal(pipeline.signal);
    const partition = definition.partition?.(config, signal);
    return partition !== undefined && cuts(partition, signal) ? partition : undefined;
  }

  #exchangeNode(partition: Partition, identity: NodeIdentity): ExchangeNode {
    const { exchange } = this.#environment;
    if (exchange === undefined) throw new GraphError("there are no other workers to exchange with");
    const ledger = this.ledger.node(identity);
    return new ExchangeNode(exchange, partition, ledger, this.ledger.edge("data", "workers", identity.key));
  }

  #exchangeBefore(target: Target, partition: Partition, id: string): EntryPoint {
    const key = exchangeKey(id, "");
    const component = this.#exchangeNode(partition, { key, kind: "exchange", id });
    const entry = new EntryPoint(key);
    const edges = [this.#edge("data", key, target)];
    entry.deliveries.pipe(component.operator).subscribe((delivery) => fanOut(delivery, edges));
    this.#chains.push({ entry, components: [{ key, id, component }] });
    return entry;
  }

  #connectorTargets(id: string, from: Signal, pipelineId: string): readonly Target[] {
    const { definition, config } = lookup(this.#spec.connectors, id, "connector", pipelineId);
    const signals = new Set(
      this.#spec.pipelines.filter((pipeline) => pipeline.receivers.includes(id)).map((pipeline) => dataSignal(pipeline.signal)),
    );
    const pairs = definition.pairs.filter(([a, b]) => a === from && signals.has(b));
    if (pairs.length === 0)
      throw new GraphError(
        `connector "${id}" cannot connect from ${from} to ${[...signals].join(", ") || "anything"}: telemetry type is not supported`,
      );
    return pairs.map(([, to]) => {
      const instance = `${from}-${to}`;
      const key = `connector/${id}@${instance}`;
      const known = this.#connectors.get(key);
      if (known !== undefined) return known;
      const ledger = this.ledger.node({ key, kind: "connector", id });
      const context = this.#context("connector", id, instance, () => undefined, this.#alertEdges(id, key));
      const component: Connector = definition.create(config, { ...context, from, to });
      const entry = new EntryPoint(key);
      const edges = this.#edgesInto(id, key, to);
      entry.deliveries
        .pipe(liftStream(component.operator, ledger, context.log, "connector"))
        .subscribe((delivery) => fanOut(delivery, edges));
      this.#connectors.set(key, entry);
      this.#chains.push({ entry, components: [{ key, id, component }] });
      return entry;
    });
  }

  #buildReceiver(id: string): { running: Running<Receiver>; node: ReceiverNode } {
    const { definition, config } = lookup(this.#spec.receivers, id, "receiver", "");
    const ledger = this.ledger.node({ key: `receiver/${id}`, kind: "receiver", id });
    const context = this.#context("receiver", id, "", (reason, items) => ledger.drop(reason, items), []);
    const component = definition.create(config, context);
    const edges = {
      traces: this.#edgesInto(id, ledger.identity.key, "traces"),
      metrics: this.#edgesInto(id, ledger.identity.key, "metrics"),
      logs: this.#edgesInto(id, ledger.identity.key, "logs"),
    };
    const node = new ReceiverNode(ledger, edges);
    component.deliveries.subscribe((delivery) => node.consume(delivery));
    return { running: { key: ledger.identity.key, id, component }, node };
  }

  /** Edges into every pipeline that lists `id` as a receiver and carries `signal`. */
  #edgesInto(id: string, from: string, signal: Signal): readonly Edge[] {
    return this.#spec.pipelines
      .filter((pipeline) => pipeline.receivers.includes(id) && dataSignal(pipeline.signal) === signal)
      .flatMap((pipeline) => (this.#heads.get(pipeline.id) ?? []).map((target) => this.#edge("data", from, target)));
  }

  #alertEdges(id: string, from: string): readonly Edge[] {
    return this.#spec.pipelines
      .filter((pipeline) => pipeline.signal === "alerts" && pipeline.receivers.includes(id))
      .flatMap((pipeline) => (this.#heads.get(pipeline.id) ?? []).map((target) => this.#edge("alerts", from, target)));
  }

  #edge(kind: EdgeKind, from: string, target: Target): Edge {
    return { ledger: this.ledger.edge(kind, from, target.key), target };
  }

  #context(
    kind: ComponentKind,
    id: string,
    instance: string,
    drop: (reason: string, items: number) => void,
    alertEdges: readonly Edge[],
  ): ReturnType<typeof componentContext> {
    const environment = this.#environment;
    const alerts = alertSink(id, alertEdges, environment);
    const capability: ComponentContext["capability"] = (name, extensionId) => this.#capability(name, extensionId);
    return componentContext({ kind, id, instance, environment, host: this.#host, shared: this.#shared, drop, alerts, capability });
  }

  #capability<K extends CapabilityName>(name: K, extensionId: string): Capabilities[K] {
    const extension = this.#extensions.get(extensionId);
    if (extension === undefined) throw new GraphError(`extension "${extensionId}" is not there; list it in service.extensions`);
    const provided: Partial<Capabilities> = extension.component;
    const capability = provided[name];
    if (capability === undefined) throw new GraphError(`extension "${extensionId}" is no ${words(name)}`);
    return capability;
  }
}

/** `serverAuthenticator` as `server authenticator`. */
function words(name: CapabilityName): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function exchangeKey(id: string, pipeline: string): NodeIdentity["key"] {
  return `exchange/${id}${pipeline === "" ? "" : `@${pipeline}`}`;
}

function processorKey(id: string, pipeline: PipelineSpec): NodeIdentity["key"] {
  return `processor/${id}@${pipeline.id}`;
}
