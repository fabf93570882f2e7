import type { ComponentDefinition, Configured, GraphSpec, Registry } from "@tidemark/core";
import { type Diagnostic, type Finding, type Report, toDiagnostics } from "./diagnostics/diagnostic.ts";
import { severityOf } from "./diagnostics/diagnostic-codes.ts";
import { suggestion } from "./diagnostics/suggest.ts";
import { configIo, TooLarge, type ConfigIo } from "./resolve/config-io.ts";
import { expandReferences } from "./resolve/expand.ts";
import { readSources } from "./resolve/read-sources.ts";
import type { AlertsConfig } from "./sections/alerts-config.ts";
import { readComponents } from "./sections/read-components.ts";
import { readService } from "./sections/read-service.ts";
import { type ComponentMap, type Components, SECTION_NAMES, type Sections } from "./sections/sections.ts";
import type { TelemetryConfig } from "./telemetry/telemetry-config.ts";
import { checkTopology } from "./topology/check-topology.ts";
import { checkUnused } from "./topology/check-unused.ts";
import { usedIds } from "./topology/usage.ts";
import type { ConfigNode, MapEntry, MapNode } from "./yaml/config-node.ts";
import { startOf } from "./yaml/source-text.ts";

/** Nobody reads more, and each takes time to show. */
const MOST_FINDINGS = 200;

/** Where a configuration comes from. */
export interface ConfigInput {
  /** Values of `--config`, in order: a path, `file:…`, `env:…`, `yaml:…`, `http://…`, `https://…` or `etcd://…`. */
  readonly uris: readonly string[];
  /** Values of `--set`, such as `processors.batch.timeout=2s`; they win over all files. */
  readonly sets: readonly string[];
  readonly registry: Registry;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readFile: (path: string) => Promise<string>;
  /** Reads `http:`, `https:`, `etcd:` and `etcds:` locations; without it they cannot be read. `HttpProvider` and `EtcdProvider` do it. */
  readonly readRemote?: (uri: string) => Promise<string>;
}

/** A configuration without mistakes. */
export interface LoadedConfig {
  /** Only what a pipeline or `service::extensions` names, extensions in that order: the rest is checked, and not built. */
  readonly graph: GraphSpec;
  readonly telemetry: TelemetryConfig;
  readonly warnings: readonly Diagnostic[];
}

/** Either a configuration, or all that is wrong with it (with the warnings among it). */
export type LoadResult =
  | { readonly ok: true; readonly config: LoadedConfig }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** Reads, merges, expands and checks a configuration. A user's mistake never throws: all mistakes of a run are collected. */
export async function loadConfig(input: ConfigInput): Promise<LoadResult> {
  const findings: Finding[] = [];
  const report: Report = (finding) => {
    if (findings.length >= MOST_FINDINGS) throw new TooLarge(`there are more than ${MOST_FINDINGS} mistakes`, "correct these first");
    findings.push(finding);
  };
  const { env, readFile, readRemote = () => Promise.reject(new Error("nothing is read over the network here")) } = input;
  const io = configIo({ env, readFile, readRemote });
  try {
    return await load(input, io, findings, report);
  } catch (caught) {
    if (!(caught instanceof RangeError)) throw caught;
    const site = startOf({ name: input.uris[0] ?? "command line", text: "", order: Number.POSITIVE_INFINITY });
    const { message, fix } =
      caught instanceof TooLarge ? caught : { message: "the configuration is nested too deeply", fix: "use fewer levels" };
    findings.push({ code: "CFG_TOO_LARGE", site, path: "", message, fix });
    return { ok: false, diagnostics: toDiagnostics(findings) };
  }
}

async function load(input: ConfigInput, io: ConfigIo, findings: Finding[], report: Report): Promise<LoadResult> {
  const sources = await readSources(input.uris, input.sets, io, report);
  if (!sources.ok) return { ok: false, diagnostics: toDiagnostics(findings) };
  const root = await expandReferences(sources.root, io, report);
  const loaded = await readSections(root as MapNode, input.registry, report);
  const failed =
    loaded?.telemetry === undefined || loaded.alerts === undefined || findings.some((finding) => severityOf(finding.code) === "error");
  if (!failed) findings.push(...checkUnused(loaded.sections));
  const diagnostics = toDiagnostics(findings);
  if (failed) return { ok: false, diagnostics };
  return { ok: true, config: { graph: toGraph(loaded.sections, loaded.alerts), telemetry: loaded.telemetry, warnings: diagnostics } };
}

interface ReadSectionsResult {
  readonly sections: Sections;
  readonly telemetry: TelemetryConfig | undefined;
  readonly alerts: AlertsConfig | undefined;
}

async function readSections(root: MapNode, registry: Registry, report: Report): Promise<ReadSectionsResult | undefined> {
  const { entries, site } = root;
  if (entries.size === 0) {
    report({
      code: "CFG_EMPTY",
      site,
      path: "",
      message: "empty configuration file",
      fix: "add the sections receivers:, exporters: and service:",
    });
    return undefined;
  }
  for (const [key, entry] of entries) if (!isSection(key)) refuseSection(key, entry, report);
  const components: Components = {
    receivers: await readComponents("receivers", entries.get("receivers"), registry.receivers, report),
    processors: await readComponents("processors", entries.get("processors"), registry.processors, report),
    connectors: await readComponents("connectors", entries.get("connectors"), registry.connectors, report),
    exporters: await readComponents("exporters", entries.get("exporters"), registry.exporters, report),
    extensions: await readComponents("extensions", entries.get("extensions"), registry.extensions, report),
  };
  const start = { ...site, end: site.start };
  requireComponents(root, start, report);
  const service = readService(entries.get("service"), start, report);
  const unreadable = new Set(SECTION_NAMES.filter((name) => isUnreadable(entries.get(name)?.value)));
  const sections: Sections = { ...components, unreadable, pipelines: service.pipelines, extensionOrder: service.extensionOrder };
  for (const finding of checkTopology(sections)) report(finding);
  return { sections, telemetry: service.telemetry, alerts: service.alerts };
}

const TOP_LEVEL: readonly string[] = [...SECTION_NAMES, "service"];

function isSection(key: string): boolean {
  return TOP_LEVEL.includes(key);
}

function refuseSection(key: string, entry: MapEntry, report: Report): void {
  report({
    code: "CFG_UNKNOWN_SECTION",
    site: entry.keySite,
    path: key,
    message: `there is no section "${key}"`,
    fix: suggestion(key, TOP_LEVEL, "Sections"),
  });
}

function requireComponents(root: MapNode, start: MapNode["site"], report: Report): void {
  const missing = (node: ConfigNode | undefined): boolean =>
    node === undefined || (node.kind === "map" && node.entries.size === 0) || (node.kind === "scalar" && node.value === null);
  const [receivers, exporters] = [root.entries.get("receivers"), root.entries.get("exporters")];
  if (missing(receivers?.value)) {
    report({
      code: "CFG_NO_RECEIVER",
      site: receivers?.keySite ?? start,
      path: "receivers",
      message: "no receiver configuration specified in config",
      fix: "add receivers: { otlp: { protocols: { grpc: {}, http: {} } } }",
    });
  }
  if (missing(exporters?.value)) {
    report({
      code: "CFG_NO_EXPORTER",
      site: exporters?.keySite ?? start,
      path: "exporters",
      message: "no exporter configuration specified in config",
      fix: "add exporters: { debug: {} }",
    });
  }
}

function isUnreadable(node: ConfigNode | undefined): boolean {
  return node !== undefined && node.kind !== "map" && !(node.kind === "scalar" && node.value === null);
}

function toGraph(sections: Sections, alerts: AlertsConfig): GraphSpec {
  const used = usedIds(sections);
  const configured = <D extends ComponentDefinition>(map: ComponentMap<D>, ids: Iterable<string>): readonly Configured<D>[] =>
    [...ids].flatMap((id) => {
      const component = map.get(id);
      if (component?.definition === undefined) return [];
      const extensions = component.extensions.map((reference) => reference.id);
      return [{ id, definition: component.definition, config: component.config, extensions }];
    });
  const inOrder = <D extends ComponentDefinition>(map: ComponentMap<D>, ids: ReadonlySet<string>): readonly Configured<D>[] =>
    configured(
      map,
      [...map.keys()].filter((id) => ids.has(id)),
    );
  return {
    receivers: inOrder(sections.receivers, used.receivers),
    processors: inOrder(sections.processors, used.processors),
    connectors: inOrder(sections.connectors, used.connectors),
    exporters: inOrder(sections.exporters, used.exporters),
    extensions: configured(
      sections.extensions,
      sections.extensionOrder.map((reference) => reference.id),
    ),
    pipelines: sections.pipelines.map(({ id, signal, receivers, processors, exporters }) => ({
      id,
      signal,
      receivers: receivers.map((reference) => reference.id),
      processors: processors.map((reference) => reference.id),
      exporters: exporters.map((reference) => reference.id),
      ...(signal === "alerts" && !alerts.enabled ? { isOff: true } : {}),
    })),
  };
}
