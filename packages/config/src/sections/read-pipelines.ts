import type { PipelineSignal } from "@tidemark/core";
import type { Report } from "../diagnostics/diagnostic.ts";
import { suggestion } from "../diagnostics/suggest.ts";
import { joinPath, type MapEntry } from "../yaml/config-node.ts";
import { readId } from "./read-id.ts";
import { readMapping, refuseUnknown } from "./read-mapping.ts";
import { readReferences } from "./read-references.ts";
import type { ParsedPipeline } from "./sections.ts";

const SIGNALS: readonly PipelineSignal[] = ["traces", "metrics", "logs", "alerts"];
const FIELDS = ["receivers", "processors", "exporters"] as const;
const SECTION = "service::pipelines";
const FORM: string = `signal or signal/name; signals are ${SIGNALS.join(", ")}`;

/** Reads `service::pipelines`: ids, and the three lists of each pipeline. */
export function readPipelines(entry: MapEntry | undefined, report: Report): readonly ParsedPipeline[] {
  const pipelines = new Map<string, ParsedPipeline>();
  for (const [key, body] of readMapping(SECTION, entry, "each pipeline under its id, such as traces: or logs/second:", report)) {
    const path = joinPath(SECTION, key);
    const id = readId(key, { section: SECTION, body, taken: pipelines, form: FORM }, report);
    if (id === undefined) continue;
    const signal = SIGNALS.find((known) => known === id.type);
    if (signal === undefined) {
      report({
        code: "CFG_INVALID_ID",
        site: body.keySite,
        path,
        message: `${SECTION}: unknown pipeline signal: "${id.type}"`,
        fix: suggestion(id.type, SIGNALS, "Signals"),
      });
      continue;
    }
    pipelines.set(id.id, readPipeline(id.id, signal, path, body, report));
  }
  return [...pipelines.values()];
}

function readPipeline(id: string, signal: PipelineSignal, path: string, body: MapEntry, report: Report): ParsedPipeline {
  const fields = readMapping(path, body, "the lists receivers:, processors: and exporters:", report);
  refuseUnknown(path, fields, FIELDS, report);
  const [receivers = [], processors = [], exporters = []] = FIELDS.map((field) =>
    readReferences(joinPath(path, field), fields.get(field), report),
  );
  const usable = body.value.kind === "map" && !FIELDS.some((field) => fields.get(field)?.value.kind === "broken");
  for (const [field, list] of [
    ["receiver", receivers],
    ["exporter", exporters],
  ] as const) {
    if (list.length > 0 || (!usable && body.value.kind !== "scalar") || isReported(fields.get(`${field}s`))) continue;
    const site = fields.get(`${field}s`)?.keySite ?? body.keySite;
    report({
      code: "CFG_EMPTY_PIPELINE",
      site,
      path,
      message: `${path}: must have at least one ${field}`,
      fix: `add ${field}s: [ID] with the id of a configured ${field}`,
    });
  }
  return { id, signal, path, keySite: body.keySite, receivers, processors, exporters };
}

/** A list that has entries or another type already got its own diagnostics. */
function isReported(entry: MapEntry | undefined): boolean {
  if (entry === undefined) return false;
  const { value } = entry;
  return value.kind === "list" ? value.items.length > 0 : value.kind !== "scalar" || value.value !== null;
}
