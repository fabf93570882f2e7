import type { Report } from "../diagnostics/diagnostic.ts";
import { checkValue } from "../schema/check-value.ts";
import { type TelemetryConfig, telemetrySchema } from "../telemetry/telemetry-config.ts";
import type { ConfigNode, MapEntry } from "../yaml/config-node.ts";
import type { Site } from "../yaml/source-text.ts";
import { readMapping, refuseUnknown } from "./read-mapping.ts";
import { readPipelines } from "./read-pipelines.ts";
import { readReferences } from "./read-references.ts";
import type { ParsedPipeline, Reference } from "./sections.ts";

/** The `service` section. `telemetry` is absent when it has mistakes. */
export interface ParsedService {
  readonly pipelines: readonly ParsedPipeline[];
  readonly extensionOrder: readonly Reference[];
  readonly telemetry: TelemetryConfig | undefined;
}

/** Reads `service`; `fallback` is where a missing section is pointed at. */
export function readService(entry: MapEntry | undefined, fallback: Site, report: Report): ParsedService {
  const fields = readMapping("service", entry, "the fields extensions:, pipelines: and telemetry:", report);
  refuseUnknown("service", fields, ["extensions", "pipelines", "telemetry"], report);
  const pipelinesEntry = fields.get("pipelines");
  const pipelines = readPipelines(pipelinesEntry, report);
  if (isEmpty(entry?.value) || (fields.size > 0 && isEmpty(pipelinesEntry?.value))) {
    const site = pipelinesEntry?.keySite ?? entry?.keySite ?? fallback;
    const fix = "add a pipeline, such as traces: { receivers: [otlp], exporters: [debug] } under service: pipelines:";
    report({
      code: "CFG_NO_PIPELINE",
      site,
      path: "service::pipelines",
      message: "service::pipelines: service must have at least one pipeline",
      fix,
    });
  }
  return {
    pipelines,
    extensionOrder: readReferences("service::extensions", fields.get("extensions"), report),
    telemetry: readTelemetry(fields.get("telemetry"), fallback, report),
  };
}

function isEmpty(node: ConfigNode | undefined): boolean {
  return node === undefined || (node.kind === "scalar" && node.value === null) || (node.kind === "map" && node.entries.size === 0);
}

function readTelemetry(entry: MapEntry | undefined, fallback: Site, report: Report): TelemetryConfig | undefined {
  const node: ConfigNode = entry?.value ?? { kind: "map", entries: new Map(), site: fallback };
  if (node.kind === "broken") return undefined;
  const checked = checkValue({ schema: telemetrySchema, node, keySite: entry?.keySite ?? fallback, path: "service::telemetry" }, report);
  return checked.ok ? (checked.value as TelemetryConfig) : undefined;
}
