import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dataFromBytes } from "../object/index.ts";
import type { AnyValue, Span } from "../object/index.ts";
import type { Signal } from "../schema/index.ts";
import { arbitraryData } from "../testdata/arbitraries.ts";
import type { Data } from "../testdata/reference.ts";
import { referenceDecode, referenceEncode, ROOT_TYPES } from "../testdata/reference.ts";
import { validateMessage } from "../validate/validate.ts";
import { WireError } from "../wire/wire-error.ts";
import { bytesFromJson, jsonFromBytes } from "./index.ts";

const signals: readonly Signal[] = ["traces", "metrics", "logs"];

describe.each(signals)("%s", (signal) => {
  const root = ROOT_TYPES[signal];

  it("comes back from strict JSON as the reference has it", () => {
    fc.assert(
      fc.property(arbitraryData(signal), (data) => {
        const bytes = referenceEncode(root, data as Data);
        const again = bytesFromJson(signal, jsonFromBytes(signal, bytes));
        validateMessage(signal, again);
        expect(referenceDecode(root, again)).toEqual(referenceDecode(root, bytes));
      }),
      { numRuns: 100 },
    );
  });

  it("comes back from lenient JSON: snake_case, other escapes, unquoted 64-bit integers, upper-case ids", () => {
    fc.assert(
      fc.property(arbitraryData(signal), (data) => {
        const bytes = referenceEncode(root, data as Data);
        const again = bytesFromJson(signal, lenient(JSON.parse(jsonFromBytes(signal, bytes))));
        expect(referenceDecode(root, again)).toEqual(referenceDecode(root, bytes));
      }),
      { numRuns: 100 },
    );
  });
});

/** Rewrites strict OTLP/JSON into forms that must mean the same. */
function lenient(value: unknown, name = ""): string {
  if (Array.isArray(value)) return ` [ ${value.map((item) => lenient(item, name)).join(" ,\n")} ] `;
  if (typeof value === "object" && value !== null) {
    const members = ['"unknown":[{"a":null}, -1.5e3]', '"schemaUrl": null'];
    for (const [key, item] of Object.entries(value))
      members.push(`"${key.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`)}"\t: ${lenient(item, key)}`);
    return `{ ${members.join(", ")} }`;
  }
  if (typeof value === "string") {
    if (/(trace|span)Id$/i.test(name)) return JSON.stringify(value.toUpperCase());
    if (name === "bytesValue") return JSON.stringify(value.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, ""));
    if (/^-?\d+$/.test(value) && /^(intValue|asInt|count|zeroCount|bucketCounts|\w*UnixNano)$/.test(name)) return value;
    return `"${Array.from({ length: value.length }, (_, i) => `\\u${value.charCodeAt(i).toString(16).padStart(4, "0")}`).join("")}"`;
  }
  return typeof value === "number" && !/^(kind|code|severityNumber|aggregationTemporality)$/.test(name) ? `"${value}"` : String(value);
}

describe.each([
  ["traces", "traces"],
  ["metrics", "metrics"],
  ["logs", "logs"],
  ["logs", "events"],
] as const)("%s example %s.json", (signal, file) => {
  it("is read and written again without a change", () => {
    const text = readFileSync(new URL(`../testdata/json/${file}.json`, import.meta.url), "utf8");
    expect(JSON.parse(jsonFromBytes(signal, bytesFromJson(signal, text)))).toEqual(JSON.parse(text));
  });
});

describe("what is accepted", () => {
  const span = (fields: string): Span | undefined =>
    dataFromBytes("traces", bytesFromJson("traces", `{"resourceSpans":[{"scopeSpans":[{"spans":[{${fields}}]}]}]}`)).resourceSpans?.[0]
      ?.scopeSpans?.[0]?.spans?.[0];
  const body = (value: string): AnyValue | undefined =>
    dataFromBytes("logs", bytesFromJson("logs", `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":${value}}]}]}]}`)).resourceLogs?.[0]
      ?.scopeLogs?.[0]?.logRecords?.[0]?.body;

  it.each<[string, Span]>([
    ['"kind":"SPAN_KIND_SERVER"', { kind: 2 }],
    ['"kind":77', { kind: 77 }],
    ['"kind":-1', { kind: -1 }],
    ['"kind":"SPAN_KIND_UNSPECIFIED","name":"","droppedEventsCount":0', {}],
    ['"trace_id":"0AF7651916CD43DD8448EB211C80319C"', { traceId: "0af7651916cd43dd8448eb211c80319c" }],
    ['"traceId":"","spanId":null', {}],
    ['"startTimeUnixNano":18446744073709551615', { startTimeUnixNano: 2n ** 64n - 1n }],
    ['"startTimeUnixNano":"1767225600123456789"', { startTimeUnixNano: 1767225600123456789n }],
    ['"startTimeUnixNano":1e3', { startTimeUnixNano: 1000n }],
    ['"droppedLinksCount":"12","flags":4294967295.0', { droppedLinksCount: 12, flags: 4294967295 }],
    ['"\\u006eame":"a"', { name: "a" }],
    ['"name":"a","name":"b"', { name: "b" }],
    ['"name":"\\ud83d\\ude00 \\u0041\\n\\/"', { name: "😀 A\n/" }],
    ['"name":"lone \\ud800"', { name: "lone \ufffd" }],
    ['"attributes":null,"status":{}', { status: {} }],
  ])("span %s", (fields, expected) => {
    expect(span(fields)).toEqual(expected);
  });

  it.each<[string, AnyValue]>([
    ['{"intValue":9007199254740993}', { intValue: 9007199254740993n }],
    ['{"intValue":-9223372036854775808}', { intValue: -(2n ** 63n) }],
    ['{"int_value":"9223372036854775807"}', { intValue: 2n ** 63n - 1n }],
    ['{"intValue":0}', { intValue: 0n }],
    ['{"doubleValue":"NaN"}', { doubleValue: Number.NaN }],
    ['{"doubleValue":"-Infinity"}', { doubleValue: -Infinity }],
    ['{"doubleValue":"1.5e-3"}', { doubleValue: 0.0015 }],
    ['{"doubleValue":-0}', { doubleValue: -0 }],
    ['{"bytesValue":"-_8"}', { bytesValue: Uint8Array.of(0xfb, 0xff) }],
    ['{"bytesValue":""}', { bytesValue: new Uint8Array() }],
    ['{"stringValue":""}', { stringValue: "" }],
    ['{"stringValue":null}', {}],
    ["{}", {}],
    ['{"arrayValue":{"values":[null,{"boolValue":false}]}}', { arrayValue: { values: [{}, { boolValue: false }] } }],
    ['{"stringValue":"x","somethingNew":{"deep":[[[1,"]"]]]}}', { stringValue: "x" }],
  ])("value %s", (value, expected) => {
    expect(body(value)).toEqual(expected);
  });

  it("nests up to the limit", () => {
    const nested = (levels: number): string => `{"arrayValue":{"values":[`.repeat(levels - 1) + "{}" + "]}}".repeat(levels - 1);
    expect(() => body(nested(64))).not.toThrow();
    expect(() => body(nested(65))).toThrow(expect.objectContaining({ code: "depth" }));
    expect(() => body(nested(100_000))).toThrow(expect.objectContaining({ code: "depth" }));
  });
});

describe("short text that stands for many bytes", () => {
  const counts = (zeros: number): string =>
    `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"histogram":{"dataPoints":[{"bucketCounts":[${"0,".repeat(zeros - 1)}0]}]}}]}]}]}`;

  it("is refused above the limit, and only there", () => {
    const size = bytesFromJson("metrics", counts(5000)).length;
    expect(bytesFromJson("metrics", counts(5000), size).length).toBe(size);
    expect(() => bytesFromJson("metrics", counts(50_000), size)).toThrow(/^too_large at byte \d+: the message takes more than \d+ bytes/);
  });

  it("does not count room that escaped text might have needed", () => {
    const text = `{"resourceSpans":[{"schemaUrl":"\\n${"x".repeat(9000)}"}]}`;
    expect(bytesFromJson("traces", text, 9100).length).toBe(9007);
  });
});

describe("what is refused", () => {
  const at = (offset: number, path: string, detail: string): WireError => new WireError("json", offset, path, detail);
  const spans = '{"resourceSpans":[{"scopeSpans":[{},{"spans":[{';
  const path = "resourceSpans[0].scopeSpans[1].spans[0]";
  const uint64 = "expected an integer from 0 to 18446744073709551615 in plain digits";

  it.each<[string, WireError]>([
    ["", at(0, "", "the text ends; expected an object")],
    ["  ", at(2, "", "the text ends; expected an object")],
    ["null", at(0, "", "expected an object")],
    ["[]", at(0, "", "expected an object")],
    ["{", at(1, "", "the text ends; expected a property name in double quotes")],
    ["{}x", at(2, "", "expected the end of the text")],
    ["{'a':1}", at(1, "", "expected a property name in double quotes")],
    ['{"a" 1}', at(5, "", "expected ':' after the property name")],
    ['{"a":1,}', at(7, "", "expected a property name in double quotes")],
    ['{"a":[1,]}', at(8, "", "expected a value")],
    ['{"a":[1 2]}', at(8, "", "expected ',' or ']'")],
    ['{"a":{"b":1]}', at(11, "", "expected ',' or '}'")],
    ['{"a":01}', at(6, "", "expected ',' or '}'")],
    ['{"a":1.}', at(7, "", "expected a digit after the decimal point")],
    ['{"a":1e}', at(7, "", "expected a digit in the exponent")],
    ['{"a":nul}', at(5, "", "expected a value")],
    ['{"a":tru', at(5, "", "expected a value")],
    ['{"a":"b', at(7, "", "the text ends inside a string")],
    ['{"a":"\t"}', at(6, "", "control characters in strings must be escaped")],
    ['{"a":"\\x"}', at(6, "", "unknown escape in a string")],
    ['{"a":"\\u12g4"}', at(6, "", "\\u needs four hexadecimal digits")],
    ["\ufeff{}", at(0, "", "expected an object")],
    ['{"resourceSpans":{}}', at(17, "resourceSpans", "expected an array")],
    ['{"resourceSpans":[7]}', at(18, "resourceSpans[0]", "expected an object")],
    [`${spans}"name":5}]}]}]}`, at(54, `${path}.name`, "expected a string in double quotes")],
    [`${spans}"traceId":"0af7"}]}]}]}`, at(58, `${path}.traceId`, "expected 32 hexadecimal digits or an empty string, got 4 characters")],
    [`${spans}"spanId":"b7ad6b716920333g"}]}]}]}`, at(72, `${path}.spanId`, "not a hexadecimal digit")],
    [`${spans}"kind":"SERVER"}]}]}]}`, at(55, `${path}.kind`, "unknown enum name; send the number")],
    [`${spans}"kind":2147483648}]}]}]}`, at(54, `${path}.kind`, "the integer does not fit 32 bits")],
    [`${spans}"startTimeUnixNano":-1}]}]}]}`, at(67, `${path}.startTimeUnixNano`, uint64)],
    [`${spans}"startTimeUnixNano":18446744073709551616}]}]}]}`, at(67, `${path}.startTimeUnixNano`, uint64)],
    [`${spans}"startTimeUnixNano":1.5}]}]}]}`, at(67, `${path}.startTimeUnixNano`, uint64)],
    [`${spans}"startTimeUnixNano":1.8e18}]}]}]}`, at(67, `${path}.startTimeUnixNano`, uint64)],
    [`${spans}"startTimeUnixNano":""}]}]}]}`, at(68, `${path}.startTimeUnixNano`, uint64)],
    [`${spans}"droppedEventsCount":true}]}]}]}`, at(68, `${path}.droppedEventsCount`, "expected a number")],
    [
      '{"resourceSpans":[{"resource":{"attributes":[{"value":{"bytesValue":"a"}}]}}]}',
      at(69, "resourceSpans[0].resource.attributes[0].value.bytesValue", "the text is not base64"),
    ],
    [
      '{"resourceSpans":[{"resource":{"attributes":[{"value":{"boolValue":1}}]}}]}',
      at(67, "resourceSpans[0].resource.attributes[0].value.boolValue", "expected true or false"),
    ],
    [
      '{"resourceSpans":[{"resource":{"attributes":[{"value":{"doubleValue":"inf"}}]}}]}',
      at(70, "resourceSpans[0].resource.attributes[0].value.doubleValue", 'expected a number, "NaN", "Infinity" or "-Infinity"'),
    ],
    [
      '{"resourceSpans":[{"resource":{"attributes":[{"value":{"doubleValue":1e999}}]}}]}',
      at(69, "resourceSpans[0].resource.attributes[0].value.doubleValue", 'expected a number, "NaN", "Infinity" or "-Infinity"'),
    ],
    [
      '{"resourceSpans":[{"resource":{"attributes":[{"value":{"intValue":9223372036854775808}}]}}]}',
      at(
        66,
        "resourceSpans[0].resource.attributes[0].value.intValue",
        "expected an integer from -9223372036854775808 to 9223372036854775807 in plain digits",
      ),
    ],
  ])("%s", (text, error) => {
    let thrown: unknown;
    try {
      bytesFromJson("traces", text);
    } catch (caught) {
      thrown = caught;
    }
    expect(thrown).toEqual(error);
    expect(thrown).toMatchObject({ code: error.code, offset: error.offset, path: error.path, message: error.message });
  });

  it("text that is not UTF-8", () => {
    const bytes = new TextEncoder().encode(`${spans}"name":"ab"}]}]}]}`);
    bytes[56] = 0xff;
    expect(() => bytesFromJson("traces", bytes)).toThrow(new WireError("utf8", 56, `${path}.name`, "the text is not UTF-8"));
  });

  it("unknown properties that nest without end", () => {
    expect(() => bytesFromJson("traces", `{"a":${"[".repeat(200_000)}`)).toThrow(
      expect.objectContaining({ code: "depth", offset: 5 + 513 }),
    );
  });

  it("every cut of a good text", () => {
    const text = readFileSync(new URL("../testdata/json/traces.json", import.meta.url), "utf8").trimEnd();
    for (let length = 0; length < text.length; length++) {
      expect(() => bytesFromJson("traces", text.slice(0, length))).toThrow(WireError);
    }
  });

  it("random damage never gives anything but a WireError or sound bytes", () => {
    const text = new TextEncoder().encode(
      JSON.stringify(JSON.parse(readFileSync(new URL("../testdata/json/metrics.json", import.meta.url), "utf8"))),
    );
    const damage = fc.array(fc.tuple(fc.nat({ max: text.length - 1 }), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(damage, (changes) => {
        const bytes = text.slice();
        for (const [offset, byte] of changes) bytes[offset] = byte;
        let wire: Uint8Array;
        try {
          wire = bytesFromJson("metrics", bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
          return;
        }
        validateMessage("metrics", wire);
      }),
      { numRuns: 600 },
    );
  });
});
