import { escapeControls } from "@tidemark/core";
import type { LogEvent } from "./log-event.ts";

const COMPONENT_KEY = /^([^/]+)\/(.+?)(?:@(.+))?$/;
/** A message may have several lines when its author wants it so. */
const OF_MESSAGES = "\n\t";
const PLAIN_VALUE = /^[^\s"=\\]+$/;

/** An event for people: time, level, component, message, `key=value` in one line. Texts of several lines follow, each indented, so that no line of them looks like an event. */
export function formatLine(event: LogEvent): string {
  let fields = "";
  let texts = "";
  for (const [key, value] of Object.entries(event.fields)) {
    if (Array.isArray(value) && value.length > 1) texts += `\n  ${key}:${value.map((line) => indented(String(line))).join("")}`;
    else if (value !== undefined) fields += ` ${key}=${lineValue(String(value))}`;
  }
  const speaker = event.component === "" ? "" : `${escapeControls(event.component, OF_MESSAGES)}: `;
  return `${new Date(event.time).toISOString()} ${event.level.padEnd(5)} ${speaker}${escapeControls(event.message, OF_MESSAGES)}${fields}${texts}`;
}

/** An event as one JSON object, with the Collector's field names. `initial` are fields that every line carries. */
export function formatJson(event: LogEvent, initial: Readonly<Record<string, unknown>>): string {
  const [, kind, id, instance] = COMPONENT_KEY.exec(event.component) ?? [];
  const component = {
    ...(kind === undefined ? {} : { "otelcol.component.kind": kind }),
    ...(id === undefined ? {} : { "otelcol.component.id": id }),
    ...(instance === undefined ? {} : { "otelcol.pipeline.id": instance }),
  };
  const head = { level: event.level, ts: new Date(event.time).toISOString(), msg: event.message };
  const fields = Object.fromEntries(
    Object.entries(event.fields).map(([key, value]) => [key, Array.isArray(value) ? value.join("\n") : value]),
  );
  const text = JSON.stringify({ ...head, ...initial, ...component, ...fields }, (_, value: unknown) =>
    typeof value === "bigint" ? String(value) : value,
  );
  return escapeControls(text);
}

function indented(line: string): string {
  return line === "" ? "\n" : `\n    ${escapeControls(line)}`;
}

function lineValue(text: string): string {
  return PLAIN_VALUE.test(text) && escapeControls(text) === text ? text : escapeControls(JSON.stringify(text));
}
