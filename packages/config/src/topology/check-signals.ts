import { dataSignal } from "@tidemark/core";
import type { Finding } from "../diagnostics/diagnostic.ts";
import { kindOf, type ParsedComponent, type ParsedPipeline, type Reference, type Sections } from "../sections/sections.ts";
import { detects, lookUp, type PipelineField } from "./usage.ts";

/** Components in pipelines whose signal they do not support, and alerts pipelines that nothing offers alerts to. */
export function checkSignals(sections: Sections): readonly Finding[] {
  return sections.pipelines.flatMap((pipeline) =>
    (["receivers", "processors", "exporters"] as const).flatMap((field) =>
      pipeline[field].flatMap((reference) => checkReference(sections, pipeline, field, reference)),
    ),
  );
}

function checkReference(sections: Sections, pipeline: ParsedPipeline, field: PipelineField, reference: Reference): readonly Finding[] {
  const found = lookUp(sections, field, pipeline.signal, reference.id);
  if (found?.component.definition === undefined) return [];
  if (field === "receivers" && pipeline.signal === "alerts" && found.section !== "receivers")
    return checkAlertSource(sections, pipeline, reference, found.component);
  const { definition } = found.component;
  if (definition.kind === "extension" || definition.kind === "connector") return [];
  const signal = dataSignal(pipeline.signal);
  if (definition.signals.includes(signal)) return [];
  const kind = kindOf(found.section);
  const start =
    kind === "processor"
      ? `failed to create "${reference.id}" processor, in pipeline "${pipeline.id}"`
      : `failed to create "${reference.id}" ${kind} for data type "${signal}"`;
  const fix = `the ${kind} supports ${definition.signals.join(", ")}; take it out of this pipeline`;
  return [
    {
      code: "CFG_UNSUPPORTED_SIGNAL",
      site: reference.site,
      path: `${pipeline.path}::${field}`,
      message: `${pipeline.path}: ${start}: telemetry type is not supported`,
      fix,
    },
  ];
}

/** Under `receivers` of an alerts pipeline stand detecting processors and connectors that are at work somewhere, and connectors that give logs. */
function checkAlertSource(
  sections: Sections,
  pipeline: ParsedPipeline,
  { id, site }: Reference,
  component: ParsedComponent,
): readonly Finding[] {
  const { definition } = component;
  const base = { site, path: `${pipeline.path}::receivers` };
  if (!detects(component)) {
    if (definition?.kind === "connector") return [];
    const able = [...sections.processors.values(), ...sections.connectors.values()].filter(detects).map((other) => other.id);
    const fix =
      able.length === 0 ? "name a detecting processor, or a receiver of logs" : `name a component that detects: ${able.join(", ")}`;
    return [
      {
        ...base,
        code: "CFG_NO_ALERT_SOURCE",
        message: `${pipeline.path}: processor "${id}" raises no alerts, so it cannot be a receiver of an alerts pipeline`,
        fix,
      },
    ];
  }
  const field = definition?.kind === "connector" ? "exporters" : "processors";
  if (sections.pipelines.some((other) => other !== pipeline && other[field].some((reference) => reference.id === id))) return [];
  const message = `${pipeline.path}: ${definition?.kind ?? "processor"} "${id}" sees no telemetry: no other pipeline lists it under ${field}`;
  return [{ ...base, code: "CFG_NO_ALERT_SOURCE", message, fix: `add "${id}" to the ${field} of the pipeline that it is to watch` }];
}
