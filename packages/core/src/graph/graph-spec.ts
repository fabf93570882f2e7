import type {
  ConnectorDefinition,
  ExporterDefinition,
  ExtensionDefinition,
  PipelineSignal,
  ProcessorDefinition,
  ReceiverDefinition,
} from "../contract/component.ts";

/** A component as configured: its id, what it is, and its checked configuration (defaults filled in). */
export interface Configured<D> {
  /** `type` or `type/name`. */
  readonly id: string;
  readonly definition: D;
  readonly config: unknown;
  /** Ids of the extensions that its configuration names: when one of them changes, it is built anew. Left out: it may name any. */
  readonly extensions?: readonly string[];
}

/** One pipeline. References are component ids; a receiver may also be a connector or, for `alerts`, a detecting processor. */
export interface PipelineSpec {
  /** `signal` or `signal/name`. */
  readonly id: string;
  readonly signal: PipelineSignal;
  readonly receivers: readonly string[];
  readonly processors: readonly string[];
  readonly exporters: readonly string[];
  /** It is ready, but what would enter it is dropped, with the reason `switched_off`. */
  readonly isOff?: boolean;
}

/** What the graph is built from. `@tidemark/config` makes it from YAML; an app can write it by hand. */
export interface GraphSpec {
  readonly receivers: readonly Configured<ReceiverDefinition>[];
  readonly processors: readonly Configured<ProcessorDefinition>[];
  readonly connectors: readonly Configured<ConnectorDefinition>[];
  readonly exporters: readonly Configured<ExporterDefinition>[];
  readonly extensions: readonly Configured<ExtensionDefinition>[];
  readonly pipelines: readonly PipelineSpec[];
}
