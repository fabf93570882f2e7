import type { ConnectorDefinition, ExporterDefinition, ExtensionDefinition, ProcessorDefinition, ReceiverDefinition } from "./component.ts";

/** One row of the lazy registry: the definition is loaded when a configuration names its type. */
export interface RegistryEntry<D> {
  readonly type: string;
  readonly aliases: readonly string[];
  readonly load: () => Promise<D>;
}

/** Every component that a collector knows, by kind. */
export interface Registry {
  readonly receivers: readonly RegistryEntry<ReceiverDefinition>[];
  readonly processors: readonly RegistryEntry<ProcessorDefinition>[];
  readonly connectors: readonly RegistryEntry<ConnectorDefinition>[];
  readonly exporters: readonly RegistryEntry<ExporterDefinition>[];
  readonly extensions: readonly RegistryEntry<ExtensionDefinition>[];
}
