import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Signal } from "../schema/index.ts";
import { arbitraryData } from "../testdata/arbitraries.ts";
import type { Data } from "../testdata/reference.ts";
import { referenceDecode, referenceEncode, referenceType, ROOT_TYPES, withoutDefaults } from "../testdata/reference.ts";
import { bytesFromData, dataFromBytes } from "./index.ts";
import type { TracesData } from "./types.ts";

const signals: readonly Signal[] = ["traces", "metrics", "logs"];

describe.each(signals)("%s against the reference codec", (signal) => {
  const root = ROOT_TYPES[signal];

  it("reads what the reference writes", () => {
    fc.assert(
      fc.property(arbitraryData(signal), (data) => {
        const bytes = referenceEncode(root, data as Data);
        expect(dataFromBytes(signal, bytes)).toEqual(referenceDecode(root, bytes));
      }),
      { numRuns: 120 },
    );
  });

  it("writes what the reference reads", () => {
    fc.assert(
      fc.property(arbitraryData(signal), (data) => {
        expect(referenceDecode(root, bytesFromData(signal, data))).toEqual(withoutDefaults(referenceType(root), data as Data));
      }),
      { numRuns: 120 },
    );
  });
});

describe("object form", () => {
  const value = (body: object) => {
    const data = { resourceLogs: [{ scopeLogs: [{ logRecords: [{ body }] }] }] };
    return dataFromBytes("logs", bytesFromData("logs", data)).resourceLogs?.[0]?.scopeLogs?.[0]?.logRecords?.[0]?.body;
  };

  it.each([
    [{ intValue: -(2n ** 63n) }],
    [{ intValue: 2n ** 63n - 1n }],
    [{ intValue: 0n }],
    [{ doubleValue: Number.NaN }],
    [{ doubleValue: -0 }],
    [{ doubleValue: 0 }],
    [{ doubleValue: -Infinity }],
    [{ doubleValue: 5e-324 }],
    [{ stringValue: "" }],
    [{ boolValue: false }],
    [{ bytesValue: new Uint8Array() }],
    [{ arrayValue: {} }],
    [{ kvlistValue: { values: [{}] } }],
    [{}],
  ])("keeps %o exactly", (body) => {
    expect(value(body)).toEqual(body);
  });

  it("takes safe integers where bigint is expected", () => {
    expect(value({ intValue: 7 })).toEqual({ intValue: 7n });
  });

  it("merges a single message that comes twice and lets the last member of a oneof win", () => {
    const first = bytesFromData("logs", { resourceLogs: [{ resource: { droppedAttributesCount: 4, attributes: [{ key: "a" }] } }] });
    const second = bytesFromData("logs", { resourceLogs: [{ resource: { attributes: [{ key: "b" }] } }] });
    const joined = Uint8Array.from([0x0a, first.length - 2 + second.length - 2, ...first.subarray(2), ...second.subarray(2)]);
    expect(dataFromBytes("logs", joined)).toEqual(referenceDecode(ROOT_TYPES.logs, joined));
    expect(dataFromBytes("logs", joined).resourceLogs?.[0]?.resource).toEqual({
      droppedAttributesCount: 4,
      attributes: [{ key: "a" }, { key: "b" }],
    });
    // body { string_value "x", int_value 1 }
    const both = Uint8Array.of(0x0a, 0x0b, 0x12, 0x09, 0x12, 0x07, 0x2a, 0x05, 0x0a, 0x01, 0x78, 0x18, 0x01);
    expect(dataFromBytes("logs", both).resourceLogs?.[0]?.scopeLogs?.[0]?.logRecords?.[0]?.body).toEqual({ intValue: 1n });
  });

  it.each<[string, unknown, string]>([
    [
      "an id of the wrong length",
      { traceId: "abcd" },
      'resourceSpans[0].scopeSpans[0].spans[1].traceId: expected 32 hexadecimal digits or "", got string abcd',
    ],
    [
      "a string for a time",
      { startTimeUnixNano: "5" },
      "resourceSpans[0].scopeSpans[0].spans[1].startTimeUnixNano: expected a bigint from 0 to 18446744073709551615, got string 5",
    ],
    [
      "an enum name",
      { kind: "SERVER" },
      "resourceSpans[0].scopeSpans[0].spans[1].kind: expected an integer from -2147483648 to 2147483647, got string SERVER",
    ],
    ["an object for a list", { attributes: {} }, "resourceSpans[0].scopeSpans[0].spans[1].attributes: expected an array, got Object"],
  ])("refuses %s and says where", (_, span, message) => {
    const data = { resourceSpans: [{ scopeSpans: [{ spans: [{}, span] }] }] } as TracesData;
    expect(() => bytesFromData("traces", data)).toThrow(new TypeError(message));
  });

  it("refuses values that nest without end", () => {
    const loop: Record<string, unknown> = {};
    loop["arrayValue"] = { values: [loop] };
    expect(() => value(loop)).toThrow(/values nest deeper than 64 levels/);
  });
});
