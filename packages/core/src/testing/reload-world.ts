import type { Batch, Signal } from "@tidemark/otlp";
import { Subject } from "rxjs";
import { z } from "zod";
import type { ExporterDefinition, ExtensionDefinition, ProcessorDefinition, ReceiverDefinition } from "../contract/component.ts";
import { defineExporter, defineExtension, defineProcessor, defineReceiver } from "../contract/define.ts";
import type { Delivery } from "../contract/delivery.ts";
import { queueField } from "../fields/exporter-fields.ts";
import type { Configured, GraphSpec } from "../graph/graph-spec.ts";
import { MemoryStorage } from "./memory-storage.ts";
import { testDelivery, type LoggedLine } from "./test-context.ts";
import { settlePromises, VirtualClock } from "./virtual-clock.ts";

const SIGNALS: readonly Signal[] = ["traces", "metrics", "logs"];
const base = { stability: "development", summary: "A test.", config: z.looseObject({}), example: "{}" } as const;

/** What the components of a test did, in order. */
export interface World {
  readonly events: string[];
  readonly clock: VirtualClock;
  readonly lines: LoggedLine[];
  /** Live instances by id: pushes into the newest. */
  push(id: string, batch: Batch): ReturnType<typeof testDelivery>;
  /** The same with a delivery of the test's own. */
  hand(id: string, delivery: Delivery): void;
  /** Lets the newest holder of this id hand on what it holds. */
  release(id: string): void;
  /** Batches that exporter `id` has sent, by the `label` of its configuration. */
  readonly sent: { label: string; items: number }[];
  /** Sends wait until this resolves. */
  gate: Promise<void>;
  /** How long it takes to open a stored queue, in milliseconds. */
  openMs: number;
  /** Ports that somebody listens on. */
  readonly ports: Set<string>;
  readonly definitions: Definitions;
}

interface Definitions {
  readonly receiver: ReceiverDefinition;
  readonly counter: ProcessorDefinition;
  readonly holder: ProcessorDefinition;
  readonly exporter: ExporterDefinition;
  readonly extension: ExtensionDefinition;
  readonly storage: ExtensionDefinition;
}

/** Options of all components of a world. */
export interface Labelled {
  readonly label?: string;
  readonly endpoint?: string;
  readonly fails?: string;
  readonly keyed?: boolean;
}

interface Traces extends Pick<World, "events" | "ports" | "sent" | "gate" | "openMs"> {
  readonly sources: Map<string, Subject<Delivery>>;
  readonly releases: Map<string, () => void>;
}

function fail({ fails }: Labelled, when: string): void {
  if (fails === when) throw new Error(`cannot ${when}`);
}

function receiverOf({ events, ports, sources }: Traces): ReceiverDefinition {
  return defineReceiver({
    ...base,
    type: "source",
    signals: SIGNALS,
    create(raw, { id }) {
      const config = raw as Labelled;
      fail(config, "create");
      const deliveries = new Subject<Delivery>();
      const port = config.endpoint?.split(":").at(-1);
      let listens = false;
      return {
        deliveries,
        start() {
          fail(config, "start");
          if (port !== undefined && ports.has(port))
            throw new Error("taken", { cause: Object.assign(new Error("x"), { code: "EADDRINUSE" }) });
          if (port !== undefined) ports.add(port);
          listens = true;
          sources.set(id, deliveries);
          events.push(`${id} listens ${config.label ?? ""}`.trim());
        },
        async shutdown() {
          await settlePromises();
          if (port !== undefined && listens) ports.delete(port);
          listens = false;
          events.push(`${id} closes ${config.label ?? ""}`.trim());
        },
      };
    },
  });
}

function counterOf({ events }: Traces): ProcessorDefinition {
  return defineProcessor({
    ...base,
    type: "counter",
    signals: SIGNALS,
    create(raw, context) {
      const config = raw as Labelled;
      const name = config.keyed === true ? `count/${config.label ?? ""}` : "count";
      const count = context.state(name, 1, () => 0);
      return {
        process(batch) {
          count.value += batch.itemCount;
          events.push(`${context.id} counts to ${count.value}`);
          return batch;
        },
      };
    },
  });
}

function holderOf({ releases }: Traces): ProcessorDefinition {
  return defineProcessor({
    ...base,
    type: "holder",
    signals: SIGNALS,
    create(_config, { id }) {
      const held: Delivery[] = [];
      const out = new Subject<Delivery>();
      const release = (): void => {
        for (const delivery of held.splice(0)) out.next(delivery);
      };
      releases.set(id, release);
      return {
        operator: (source) => {
          source.subscribe({ next: (delivery) => held.push(delivery), complete: () => out.complete() });
          return out;
        },
        held: () => held.reduce((sum, { batch }) => sum + batch.itemCount, 0),
        shutdown: release,
      };
    },
  });
}

function exporterOf(of: Traces): ExporterDefinition {
  return defineExporter({
    ...base,
    type: "sink",
    signals: SIGNALS,
    create(raw) {
      const config = raw as Labelled;
      return {
        start: () => fail(config, "start"),
        async send(batch) {
          await of.gate;
          of.sent.push({ label: config.label ?? "", items: batch.itemCount });
        },
        shutdown: () => void of.events.push(`sink closes ${config.label ?? ""}`.trim()),
      };
    },
  });
}

/** A storage whose label is its directory: with another one nothing of the first is there. */
function storageOf(of: Traces, clock: VirtualClock): ExtensionDefinition {
  const stores = new Map<string, MemoryStorage>();
  return defineExtension({
    ...base,
    type: "storage",
    provides: ["storage"],
    create: ({ label }, context) => {
      const directory = typeof label === "string" ? label : "";
      context.state(`open ${directory}`, 1, () => 0);
      const storage =
        stores.get(directory) ?? new MemoryStorage({ clock, latencyMs: (operation) => (operation === "open" ? of.openMs : 0) });
      stores.set(directory, storage);
      return { storage };
    },
  });
}

/** Makes components that write down what they do, with one clock. */
export function world(): World {
  const clock = new VirtualClock();
  const sources = new Map<string, Subject<Delivery>>();
  const result: World & Traces = {
    events: [],
    clock,
    lines: [],
    sent: [],
    ports: new Set(),
    gate: Promise.resolve(),
    openMs: 0,
    sources,
    releases: new Map(),
    release: (id) => result.releases.get(id)?.(),
    hand: (id, delivery) => sources.get(id)?.next(delivery),
    push(id, batch) {
      const delivery = testDelivery(batch);
      result.hand(id, delivery);
      return delivery;
    },
    get definitions() {
      return definitions;
    },
  };
  const definitions: Definitions = {
    receiver: receiverOf(result),
    counter: counterOf(result),
    holder: holderOf(result),
    exporter: exporterOf(result),
    extension: defineExtension({ ...base, type: "extension", create: () => ({}) }),
    storage: storageOf(result, clock),
  };
  return result;
}

/** Options of a sending queue, with the standard values. */
export const queue = (more: object = {}): unknown => queueField.parse(more);

/** A specification with one pipeline; components are given by their configurations. */
export function specOf(
  { definitions }: World,
  parts: {
    readonly receivers?: Readonly<Record<string, Labelled>>;
    readonly processors?: Readonly<Record<string, Labelled>>;
    readonly exporters?: Readonly<Record<string, object>>;
    readonly extensions?: Readonly<Record<string, Labelled>>;
  } = {},
): GraphSpec {
  const { receivers = { source: {} }, processors = {}, exporters = { sink: {} }, extensions = {} } = parts;
  const configured = <D>(definition: (id: string) => D, of: Readonly<Record<string, object>>): Configured<D>[] =>
    Object.entries(of).map(([id, config]) => ({ id, definition: definition(id), config, extensions: Object.keys(extensions) }));
  return {
    receivers: configured(() => definitions.receiver, receivers),
    processors: configured((id) => (id.startsWith("holder") ? definitions.holder : definitions.counter), processors),
    connectors: [],
    exporters: configured(() => definitions.exporter, exporters),
    extensions: configured((id) => (id === "storage" ? definitions.storage : definitions.extension), extensions),
    pipelines: [
      {
        id: "traces",
        signal: "traces",
        receivers: Object.keys(receivers),
        processors: Object.keys(processors),
        exporters: Object.keys(exporters),
      },
    ],
  };
}
