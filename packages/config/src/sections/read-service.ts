import type { Report } from "../diagnostics/diagnostic.ts";
import type { z } from "zod";
import { checkValue } from "../schema/check-value.ts";
import { type TelemetryConfig, telemetrySchema } from "../telemetry/telemetry-config.ts";
import type { ConfigNode, MapEntry } from "../yaml/config-node.ts";
import type { Site } from "../yaml/source-text.ts";
import { type AlertsConfig, alertsSchema } from "./alerts-config.ts";
import { readMapping, refuseUnknown } from "./read-mapping.ts";
import { readPipelines } from "./read-pipelines.ts";
import { readReferences } from "./read-references.ts";
import type { ParsedPipeline, Reference } from "./sections.ts";

/** The `service` section. `telemetry` and `alerts` are absent when they have mistakes. */
export interface ParsedService {
  readonly pipelines: readonly ParsedPipeline[];
  readonly extensionOrder: readonly Reference[];
  readonly telemetry: TelemetryConfig | undefined;
  readonly alerts: AlertsConfig | undefined;
}

/** Reads `service`; `fallback` is where a missing section is pointed at. */
export function readService(entry: MapEntry | undefined, fallback: Site, report: Report): ParsedService {
  const fields = readMapping("service", entry, "the fields extensions:, pipelines:, telemetry: and alerts:", report);
  refuseUnknown("service", fields, ["extensions", "pipelines", "telemetry", "alerts"], report);
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
    telemetry: readSettings("telemetry", telemetrySchema, fields, fallback, report),
    alerts: readSettings("alerts", alertsSchema, fields, fallback, report),
  };
}

function isEmpty(node: ConfigNode | undefined): boolean {
  return node === undefined || (node.kind === "scalar" && node.value === null) || (node.kind === "map" && node.entries.size === 0);
}

function readSettings<S extends z.ZodType>(
  name: string,
  schema: S,
  fields: ReadonlyMap<string, MapEntry>,
  fallback: Site,
  report: Report,
): z.infer<S> | undefined {
  const entry = fields.get(name);
  const node: ConfigNode = entry?.value ?? { kind: "map", entries: new Map(), site: fallback };
  if (node.kind === "broken") return undefined;
  const checked = checkValue({ schema, node, keySite: entry?.keySite ?? fallback, path: `service::${name}` }, report);
  return checked.ok ? (checked.value as z.infer<S>) : undefined;
}
