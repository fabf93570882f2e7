import type { LogEvent } from "./log-event.ts";

const COMPONENT_KEY = /^([^/]+)\/(.+?)(?:@(.+))?$/;
/** Whatever could end a line, or be taken by a terminal for a command. */
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;
const PLAIN_VALUE = /^[^\s"=\\]+$/;

/** An event for people: time, level, component, message, `key=value` in one line. Texts of several lines follow, each indented, so that no line of them looks like an event. */
export function formatLine(event: LogEvent): string {
  let fields = "";
  let texts = "";
  for (const [key, value] of Object.entries(event.fields)) {
    if (Array.isArray(value) && value.length > 1) texts += `\n  ${key}:${value.map((line) => indented(String(line))).join("")}`;
    else if (value !== undefined) fields += ` ${key}=${lineValue(String(value))}`;
  }
  const speaker = event.component === "" ? "" : `${escapeControls(event.component)}: `;
  return `${new Date(event.time).toISOString()} ${event.level.padEnd(5)} ${speaker}${escapeControls(event.message)}${fields}${texts}`;
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
  return escapeAll(text);
}

function indented(line: string): string {
  return line === "" ? "\n" : `\n    ${escapeAll(line)}`;
}

function lineValue(text: string): string {
  return PLAIN_VALUE.test(text) && !UNSAFE.test(text) ? text : JSON.stringify(text).replace(UNSAFE, unicodeEscape);
}

/** A message may have several lines when its author wants it so; anything else that controls a terminal is shown, not obeyed. */
function escapeControls(text: string): string {
  return text.replace(UNSAFE, (character) => (character === "\n" || character === "\t" ? character : unicodeEscape(character)));
}

function escapeAll(text: string): string {
  return text.replace(UNSAFE, unicodeEscape);
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
