import type { Signal } from "@tidemark/otlp";
import type { Exporter, Extension, Lifecycle, Receiver } from "../contract/component.ts";
import type { ExporterNode } from "../export/exporter-node.ts";
import type { NodeLedger } from "../ledger/node-ledger.ts";
import type { EntryPoint, Outlet, Target } from "./entry-point.ts";
import type { GraphEnvironment } from "./environment.ts";
import type { ReceiverNode } from "./receiver-node.ts";
import type { Running } from "./running.ts";
import { stopOne } from "./stop-one.ts";

/** A component that owns an endpoint: an instance that could not have it, or had to leave it, is followed by a new one. */
export class Renewable<T extends Lifecycle> implements Running<T> {
  readonly key: string;
  readonly id: string;
  readonly config: unknown;
  readonly #make: () => T;
  component: T;
  #stopping: Promise<void> | undefined;

  constructor(key: string, id: string, config: unknown, make: () => T) {
    this.key = key;
    this.id = id;
    this.config = config;
    this.#make = make;
    this.component = make();
  }

  /** Stops the present instance; asked twice, it is the same stop. Never rejects. */
  stop(deadline: AbortSignal, environment: GraphEnvironment): Promise<void> {
    this.#stopping ??= stopOne(this, deadline, environment);
    return this.#stopping;
  }

  /** Puts a new instance in the place of one that has ended. */
  renew(): void {
    this.#stopping = undefined;
    this.component = this.#make();
  }
}

/** A receiver, and where its deliveries enter the graph. */
export interface ReceiverPart {
  readonly running: Renewable<Receiver>;
  readonly node: ReceiverNode;
  readonly outlets: Readonly<Record<Signal, Outlet>>;
}

/** One step of a chain; its alerts have an outlet of their own. */
export interface Step extends Running {
  readonly ledger: NodeLedger;
  readonly alerts?: Outlet;
}

/** A chain of operators that is closed by the one before it: a pipeline, a connector, or an exchange before an exporter. */
export interface Chain {
  readonly key: string;
  readonly entry: EntryPoint;
  readonly steps: readonly Step[];
  readonly outlet: Outlet;
}

/** An exporter with its queue. */
export interface ExporterPart extends Running<Exporter> {
  readonly node: ExporterNode;
  readonly target: Target;
}

/** Everything that a graph consists of, in the order in which data flows. */
export interface GraphParts {
  readonly receivers: readonly ReceiverPart[];
  readonly chains: readonly Chain[];
  readonly exporters: readonly ExporterPart[];
  readonly extensions: readonly Renewable<Extension>[];
}

export const NO_PARTS: GraphParts = { receivers: [], chains: [], exporters: [], extensions: [] };

/** What is in `parts` and not in `others`. */
export function without(parts: GraphParts, others: GraphParts): GraphParts {
  return {
    receivers: parts.receivers.filter((part) => !others.receivers.includes(part)),
    chains: parts.chains.filter((part) => !others.chains.includes(part)),
    exporters: parts.exporters.filter((part) => !others.exporters.includes(part)),
    extensions: parts.extensions.filter((part) => !others.extensions.includes(part)),
  };
}

/** The books of all nodes in `parts`. */
export function booksOf({ receivers, chains, exporters }: GraphParts): readonly NodeLedger[] {
  return [
    ...receivers.map(({ node }) => node.ledger),
    ...chains.flatMap(({ steps }) => steps.map(({ ledger }) => ledger)),
    ...exporters.map(({ node }) => node.ledger),
  ];
}
