import { deepEqual, equal, match, ok } from "node:assert/strict";
import { HTTP, type Rule } from "../rule.ts";
import type { Cell } from "../cell.ts";
import { everyField } from "../samples.ts";
import type { PlainMessage } from "../../lib/proto-types.ts";

const SECTION = "JSON Protobuf Encoding";

/** OTLP/JSON as receivers read it and as the exporter writes it. */
export const jsonRules: readonly Rule[] = [
  {
    section: SECTION,
    rule: "the JSON mapping of proto3 applies to every field",
    side: "server",
    how: "a request with every field arrives at the back end as it was",
    transports: HTTP,
    check: (cell) => reads(cell, JSON.stringify(everyField(cell.signal, cell.service)), everyField(cell.signal, cell.service)),
  },
  {
    section: SECTION,
    rule: "traceId and spanId are hexadecimal, in any case",
    side: "server",
    how: "ids in upper case arrive as the same bytes",
    transports: HTTP,
    signals: ["traces", "logs"],
    check: (cell) => {
      const text = JSON.stringify(everyField(cell.signal, cell.service));
      const upper = text.replace(/("(?:trace|span|parentSpan)Id":)("[0-9a-f]+")/g, (_, key: string, id: string) => key + id.toUpperCase());
      ok(upper !== text);
      return reads(cell, upper, everyField(cell.signal, cell.service));
    },
  },
  {
    section: SECTION,
    rule: "enum values MUST be integers",
    side: "server",
    how: "kind, severityNumber and aggregationTemporality as integers arrive as they were",
    transports: HTTP,
    check: (cell) => reads(cell, JSON.stringify(cell.sample()), cell.sample()),
  },
  {
    section: SECTION,
    rule: "fields with unknown names MUST be ignored",
    side: "server",
    how: "unknown keys with every kind of value, at every level, change nothing",
    transports: HTTP,
    check: (cell) => {
      const known = everyField(cell.signal, cell.service);
      return reads(cell, JSON.stringify(withUnknown(known)), known);
    },
  },
  {
    section: SECTION,
    rule: "64-bit integers are taken as decimal strings and as numbers",
    side: "server",
    how: "times and counts as numbers arrive as the same integers",
    transports: HTTP,
    check: (cell) => {
      const text = JSON.stringify(cell.sample());
      const numbers = text.replace(/("\w+UnixNano":)"(\d+)"/g, "$1$2");
      ok(numbers !== text);
      return reads(cell, numbers, cell.sample());
    },
  },
  {
    section: SECTION,
    rule: "doubles may be numbers, decimal strings, NaN and Infinity (proto3 mapping)",
    side: "server",
    how: `"NaN", "-Infinity", "1.5e3" and 7 as values of attributes`,
    transports: HTTP,
    check: async (cell) => {
      const values = ["NaN", "-Infinity", "1.5e3", 7].map((doubleValue) => ({ key: "d", value: { doubleValue } }));
      const { success } = await cell.send(cell.sample(1, values), { encoding: "json" });
      ok(success);
      const got = resourceAttributes(cell.attempts()[0]?.data).slice(1);
      deepEqual(
        got.map(({ value }) => value?.doubleValue),
        ["NaN", "-Infinity", 1500, 7],
      );
    },
  },
  {
    section: SECTION,
    rule: "null stands for an absent field (proto3 mapping)",
    side: "server",
    how: "null as schemaUrl, scope and attributes",
    transports: HTTP,
    check: async (cell) => {
      const text = JSON.stringify(cell.sample()).replace('"scope":', '"schemaUrl":null,"scope":');
      ok((await cell.sendBytes(Buffer.from(text), { encoding: "json" })).success);
      equal(cell.attempts().length, 1);
    },
  },
  {
    section: SECTION,
    rule: "keys are lowerCamelCase; ids are hexadecimal, enums integers, 64-bit integers strings",
    side: "client",
    how: "the exporter's JSON of a request with every field equals the request as the rules write it",
    transports: ["http/1.1"],
    check: async (cell) => {
      const sent = everyField(cell.signal, cell.service);
      ok((await cell.feed(sent, "to_json")).success);
      deepEqual(
        cell.attempts().map(({ data }) => withoutDefaults(data)),
        [withoutDefaults(sent)],
      );
    },
  },
  {
    section: SECTION,
    rule: "the client MUST send Content-Type: application/json",
    side: "client",
    how: "the header at the back end",
    transports: ["http/1.1"],
    check: async (cell) => {
      ok((await cell.feed(cell.sample(), "to_json")).success);
      equal(cell.attempts()[0]?.headers["content-type"], "application/json");
    },
  },
  {
    section: SECTION,
    rule: "NaN and Infinity are written as strings (proto3 mapping)",
    side: "client",
    how: "the exporter's JSON of such attributes",
    transports: ["http/1.1"],
    check: async (cell) => {
      const values = ["NaN", "Infinity"].map((doubleValue) => ({ key: "d", value: { doubleValue } }));
      ok((await cell.feed(cell.sample(1, values), "to_json")).success);
      match(cell.attempts()[0]?.bytes.toString() ?? "", /"doubleValue":"NaN".*"doubleValue":"Infinity"/);
    },
  },
];

async function reads(cell: Cell, text: string, same: PlainMessage): Promise<void> {
  const answer = await cell.sendBytes(Buffer.from(text), { encoding: "json" });
  ok(answer.success, `HTTP ${answer.code}: ${answer.status?.message}`);
  deepEqual(
    cell.attempts().map(({ data }) => data),
    [cell.reference(same)],
  );
}

/** Adds unknown keys to every object that is a message. */
function withUnknown(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withUnknown);
  if (typeof value !== "object" || value === null) return value;
  const inner = Object.entries(value).map(([key, each]) => [key, withUnknown(each)] as const);
  return {
    unknownText: "x",
    ...Object.fromEntries(inner),
    unknownObject: { deep: [1, null, { a: true }] },
    unknownNumber: 1e9,
    unknownNull: null,
  };
}

interface Attribute {
  readonly key: string;
  readonly value?: { readonly doubleValue?: unknown };
}

function resourceAttributes(data: PlainMessage | undefined): readonly Attribute[] {
  const [first] = Object.values(data ?? {})[0] as { resource: { attributes: Attribute[] } }[];
  return first?.resource.attributes ?? [];
}

/** A message with false, 0 and "" means the same without them; inside an AnyValue they say which kind it is. */
function withoutDefaults(value: unknown, key = ""): unknown {
  if (Array.isArray(value)) return value.map((each) => withoutDefaults(each));
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(
    ([, inner]) => key === "value" || !(inner === false || inner === 0 || inner === "" || inner === "0"),
  );
  return Object.fromEntries(kept.map(([name, inner]) => [name, withoutDefaults(inner, name)]));
}
