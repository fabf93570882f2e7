import type { Finding } from "../diagnostics/diagnostic.ts";
import { suggestion } from "../diagnostics/suggest.ts";
import type { ParsedPipeline, Reference, Sections } from "../sections/sections.ts";
import { lookUp, type PipelineField, sectionsOf } from "./usage.ts";

/** References to what is not configured, ids that mean two things, and lists that name an id twice. */
export function checkReferences(sections: Sections): readonly Finding[] {
  return [
    ...checkAmbiguity(sections),
    ...checkExtensions(sections),
    ...sections.pipelines.flatMap((pipeline) => checkPipeline(sections, pipeline)),
  ];
}

function checkAmbiguity(sections: Sections): readonly Finding[] {
  return [...sections.connectors.values()].flatMap(({ id, path, keySite }) =>
    (["receiver", "exporter"] as const).flatMap((kind): Finding[] => {
      if (!sections[`${kind}s`].has(id)) return [];
      const other = id.includes("/") ? `${id}_connector` : `${id}/connector`;
      const rename = `Change one of the components' IDs to eliminate ambiguity (e.g. rename "${id}" connector to "${other}")`;
      const message = `${path}: ambiguous ID: Found both "${id}" ${kind} and "${id}" connector. ${rename}`;
      return [
        { code: "CFG_AMBIGUOUS_ID", site: keySite, path, message, fix: `rename the connector to "${other}", here and in the pipelines` },
      ];
    }),
  );
}

function checkExtensions(sections: Sections): readonly Finding[] {
  const path = "service::extensions";
  const known = [...sections.extensions.keys()];
  const missing = sections.unreadable.has("extensions") ? [] : sections.extensionOrder.filter(({ id }) => !sections.extensions.has(id));
  return [
    ...missing.map(({ id, site }): Finding => ({
      code: "CFG_UNDEFINED_REFERENCE",
      site,
      path,
      message: `${path}: references extension "${id}" which is not configured`,
      fix: missingFix(id, known, "extensions"),
    })),
    ...repeated(sections.extensionOrder).map(({ id, site }): Finding => ({
      code: "CFG_DUPLICATE_REFERENCE",
      site,
      path,
      message: `${path}: references extension "${id}" multiple times`,
      fix: "name it once",
    })),
  ];
}

function checkPipeline(sections: Sections, pipeline: ParsedPipeline): readonly Finding[] {
  return (["receivers", "processors", "exporters"] as const).flatMap((field) => {
    const kind = field.slice(0, -1);
    const known = knownIds(sections, pipeline, field);
    const unreadable = sectionsOf(field, pipeline.signal).some((section) => sections.unreadable.has(section));
    const missing = unreadable ? [] : pipeline[field].filter(({ id }) => lookUp(sections, field, pipeline.signal, id) === undefined);
    const { path } = pipeline;
    return [
      ...missing.map(({ id, site }): Finding => ({
        code: "CFG_UNDEFINED_REFERENCE",
        site,
        path: `${path}::${field}`,
        message: `${path}: references ${kind} "${id}" which is not configured`,
        // Only for those that are shown: it compares with all that there are.
        get fix() {
          return missingFix(id, known, field);
        },
      })),
      ...repeated(pipeline[field]).map(({ id, site }): Finding => ({
        code: "CFG_DUPLICATE_REFERENCE",
        site,
        path: `${path}::${field}`,
        message: `${path}: references ${kind} "${id}" multiple times`,
        fix: repeatFix(field, id),
      })),
      ...(field === "receivers" && pipeline.signal === "alerts"
        ? pipeline.receivers.flatMap((reference) => checkAlertAmbiguity(sections, pipeline, reference))
        : []),
    ];
  });
}

/** Elsewhere a receiver and a processor may share an id; under `receivers` of an alerts pipeline it would mean two things. */
function checkAlertAmbiguity(sections: Sections, pipeline: ParsedPipeline, { id, site }: Reference): readonly Finding[] {
  if (!sections.receivers.has(id) || !sections.processors.has(id)) return [];
  const message = `${pipeline.path}: ambiguous ID: Found both "${id}" receiver and "${id}" processor`;
  return [
    {
      code: "CFG_AMBIGUOUS_ID",
      site,
      path: `${pipeline.path}::receivers`,
      message,
      fix: `rename one of the two, for example the processor to "${id.split("/")[0] ?? id}/detector"`,
    },
  ];
}

function knownIds(sections: Sections, pipeline: ParsedPipeline, field: PipelineField): readonly string[] {
  return sectionsOf(field, pipeline.signal).flatMap((section) => [...sections[section].keys()]);
}

function missingFix(id: string, known: readonly string[], section: string): string {
  return known.length === 0 ? `configure "${id}" under ${section}:, or take it out here` : suggestion(id, known, "Configured ids");
}

function repeatFix(field: PipelineField, id: string): string {
  return field === "processors" ? `name it once, or configure a second one such as "${id.split("/")[0] ?? id}/second"` : "name it once";
}

function repeated(references: readonly Reference[]): readonly Reference[] {
  const seen = new Set<string>();
  return references.filter(({ id }) => seen.size === seen.add(id).size);
}
