import type { z } from "zod";
import type { ConnectorDefinition, ExporterDefinition, ExtensionDefinition, ProcessorDefinition, ReceiverDefinition } from "./component.ts";

/** Declares a receiver: where telemetry comes in. */
export function defineReceiver<C extends z.ZodType>(definition: Omit<ReceiverDefinition<C>, "kind">): ReceiverDefinition<C> {
  return { kind: "receiver", ...definition };
}

/** Declares a processor: what happens to telemetry on its way. */
export function defineProcessor<C extends z.ZodType>(definition: Omit<ProcessorDefinition<C>, "kind">): ProcessorDefinition<C> {
  return { kind: "processor", ...definition };
}

/** Declares a connector: the end of one pipeline and the beginning of another. */
export function defineConnector<C extends z.ZodType>(definition: Omit<ConnectorDefinition<C>, "kind">): ConnectorDefinition<C> {
  return { kind: "connector", ...definition };
}

/** Declares an exporter: where telemetry or alerts leave. */
export function defineExporter<C extends z.ZodType>(definition: Omit<ExporterDefinition<C>, "kind">): ExporterDefinition<C> {
  return { kind: "exporter", ...definition };
}

/** Declares an extension: what serves the collector itself, outside the stream of data. */
export function defineExtension<C extends z.ZodType>(definition: Omit<ExtensionDefinition<C>, "kind">): ExtensionDefinition<C> {
  return { kind: "extension", ...definition };
}
