import { dataSignal } from "@tidemark/core";
import type { Finding } from "../diagnostics/diagnostic.ts";
import type { ParsedComponent, ParsedPipeline, Sections } from "../sections/sections.ts";
import { connects, detects, pipelinesWith } from "./usage.ts";

/** Connectors must join: every use as exporter needs a use as receiver that the connector can serve, and the other way round. */
export function checkConnectors(sections: Sections): readonly Finding[] {
  return [...sections.connectors.values()].flatMap((connector) =>
    connector.definition === undefined ? [] : checkConnector(sections, connector),
  );
}

function checkConnector(sections: Sections, connector: ParsedComponent): readonly Finding[] {
  const sources = pipelinesWith(sections, "exporters", connector.id);
  const targets = pipelinesWith(sections, "receivers", connector.id);
  const joins = (from: ParsedPipeline, to: ParsedPipeline): boolean =>
    connects(connector, from.signal, to.signal) || isAlertOffer(connector, to);
  return [
    ...sources.filter((from) => !targets.some((to) => joins(from, to))).map((from) => lonely(connector, from, "exporter", targets)),
    ...targets
      .filter((to) => !sources.some((from) => joins(from, to)) && !isAlertOffer(connector, to))
      .map((to) => lonely(connector, to, "receiver", sources)),
  ];
}

/** A detecting connector offers its alerts to alerts pipelines beside its stream. */
function isAlertOffer(connector: ParsedComponent, to: ParsedPipeline): boolean {
  return to.signal === "alerts" && detects(connector);
}

function lonely(
  connector: ParsedComponent,
  pipeline: ParsedPipeline,
  role: "exporter" | "receiver",
  others: readonly ParsedPipeline[],
): Finding {
  const other = role === "exporter" ? "receiver" : "exporter";
  const reference = pipeline[`${role}s`].find(({ id }) => id === connector.id);
  const base = { site: reference?.site ?? pipeline.keySite, path: `${pipeline.path}::${role}s` };
  const pairs =
    connector.definition?.kind === "connector" ? connector.definition.pairs.map(([from, to]) => `${from} to ${to}`).join(", ") : "";
  const [partner] = others;
  if (partner !== undefined) {
    const [from, to] = role === "exporter" ? [pipeline, partner] : [partner, pipeline];
    const message = `${pipeline.path}: connector "${connector.id}" cannot connect from ${dataSignal(from.signal)} to ${dataSignal(to.signal)}: telemetry type is not supported`;
    return {
      ...base,
      code: "CFG_UNSUPPORTED_PAIR",
      message,
      fix: `the connector supports ${pairs}; use it between pipelines of these signals`,
    };
  }
  const message = `${pipeline.path}: connector "${connector.id}" used as ${role} in [${pipeline.id}] pipeline but not used in any supported ${other} pipeline`;
  return {
    ...base,
    code: "CFG_UNUSED_CONNECTOR",
    message,
    fix: `add "${connector.id}" to the ${other}s of another pipeline (it supports ${pairs}), or take it out here`,
  };
}
