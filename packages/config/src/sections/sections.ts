import type {
  CapabilityName,
  ComponentDefinition,
  ConnectorDefinition,
  ExporterDefinition,
  ExtensionDefinition,
  PipelineSignal,
  ProcessorDefinition,
  ReceiverDefinition,
} from "@tidemark/core";
import type { Site } from "../yaml/source-text.ts";

/** A component as written. `definition` is absent when its type is unknown, `config` when its body is wrong. */
export interface ParsedComponent<D extends ComponentDefinition = ComponentDefinition> {
  readonly id: string;
  readonly path: string;
  readonly keySite: Site;
  readonly definition: D | undefined;
  readonly config: unknown;
  /** Extensions that its fields name. */
  readonly extensions: readonly ExtensionReference[];
}

/** Components of one section by id. */
export type ComponentMap<D extends ComponentDefinition = ComponentDefinition> = ReadonlyMap<string, ParsedComponent<D>>;

/** A place that names a component. */
export interface Reference {
  readonly id: string;
  readonly site: Site;
}

/** A field that names an extension, and what it needs the extension for. */
export interface ExtensionReference extends Reference {
  readonly path: string;
  readonly capability: CapabilityName;
}

/** One entry of `service::pipelines`. */
export interface ParsedPipeline {
  readonly id: string;
  readonly signal: PipelineSignal;
  readonly path: string;
  readonly keySite: Site;
  readonly receivers: readonly Reference[];
  readonly processors: readonly Reference[];
  readonly exporters: readonly Reference[];
}

/** The five component sections. */
export interface Components {
  readonly receivers: ComponentMap<ReceiverDefinition>;
  readonly processors: ComponentMap<ProcessorDefinition>;
  readonly connectors: ComponentMap<ConnectorDefinition>;
  readonly exporters: ComponentMap<ExporterDefinition>;
  readonly extensions: ComponentMap<ExtensionDefinition>;
}

/** All that the topology checks look at. */
export interface Sections extends Components {
  /** Sections that could not be read: nothing is said about references into them. */
  readonly unreadable: ReadonlySet<SectionName>;
  readonly pipelines: readonly ParsedPipeline[];
  /** `service::extensions`, in order. */
  readonly extensionOrder: readonly Reference[];
}

/** The sections in the order in which messages list them. */
export const SECTION_NAMES = ["receivers", "processors", "connectors", "exporters", "extensions"] as const;

/** The name of a component section. */
export type SectionName = (typeof SECTION_NAMES)[number];

/** `receivers` → `receiver`. */
export function kindOf(section: SectionName): "receiver" | "processor" | "connector" | "exporter" | "extension" {
  return section.slice(0, -1) as ReturnType<typeof kindOf>;
}
