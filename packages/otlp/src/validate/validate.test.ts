import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytesFromData, dataFromBytes } from "../object/index.ts";
import type { Signal } from "../schema/index.ts";
import { arbitraryData } from "../testdata/arbitraries.ts";
import type { Data } from "../testdata/reference.ts";
import { referenceEncode, ROOT_TYPES } from "../testdata/reference.ts";
import { WireError } from "../wire/wire-error.ts";
import { validateMessage } from "./validate.ts";

const signals: readonly Signal[] = ["traces", "metrics", "logs"];

function faultOf(check: () => unknown): WireError | undefined {
  try {
    check();
  } catch (error) {
    if (error instanceof WireError) return error;
    throw error;
  }
  return undefined;
}

describe.each(signals)("%s", (signal) => {
  it("accepts whatever the reference writes", () => {
    fc.assert(
      fc.property(arbitraryData(signal), (data) => validateMessage(signal, referenceEncode(ROOT_TYPES[signal], data as Data))),
      { numRuns: 120 },
    );
  });

  it("finds in damaged bytes the same first fault as the full decoder", () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 3 });
    fc.assert(
      fc.property(arbitraryData(signal), damage, fc.nat(), (data, changes, cut) => {
        const bytes = referenceEncode(ROOT_TYPES[signal], data as Data);
        for (const [offset, byte] of changes) if (bytes.length > 0) bytes[offset % bytes.length] = byte;
        const input = cut % 3 === 0 ? bytes.subarray(0, cut % (bytes.length + 1)) : bytes;
        const fault = faultOf(() => validateMessage(signal, input));
        // The decoder takes ids of any length.
        if (fault !== undefined && /(trace|span) id has/.test(fault.message)) return;
        const decoderFault = faultOf(() => dataFromBytes(signal, input));
        expect([fault?.code, fault?.offset]).toEqual([decoderFault?.code, decoderFault?.offset]);
      }),
      { numRuns: 600 },
    );
  });
});

describe("attributes in a row", () => {
  it("are each checked: every byte of three, set to anything", () => {
    const attributes = ["a", "bc", "d"].map((key, index) => ({
      key,
      value: index === 1 ? { intValue: 300 } : { stringValue: `value ${index}` },
    }));
    const bytes = bytesFromData("traces", { resourceSpans: [{ resource: { attributes } }] } as never);
    for (let at = 0; at < bytes.length; at++) {
      for (let byte = 0; byte < 256; byte++) {
        const damaged = Uint8Array.from(bytes);
        damaged[at] = byte;
        const [fault, decoderFault] = [faultOf(() => validateMessage("traces", damaged)), faultOf(() => dataFromBytes("traces", damaged))];
        if (fault !== undefined && /(trace|span) id has/.test(fault.message)) continue;
        expect([at, byte, fault?.code, fault?.offset]).toEqual([at, byte, decoderFault?.code, decoderFault?.offset]);
      }
    }
  });
});

/** resource_spans { scope_spans { spans { …content } } }; the content starts at byte 6. */
function inSpan(...content: readonly number[]): Uint8Array {
  const size = content.length;
  return Uint8Array.of(0x0a, size + 4, 0x12, size + 2, 0x12, size, ...content);
}

/** resource_spans { resource { attributes { …content } } }; the content starts at byte 6. */
function inAttribute(...content: readonly number[]): Uint8Array {
  const size = content.length;
  return Uint8Array.of(0x0a, size + 4, 0x0a, size + 2, 0x0a, size, ...content);
}

const span = "resource_spans.scope_spans.spans";
const attribute = "resource_spans.resource.attributes";

describe("faults", () => {
  it.each<[string, Uint8Array, string, number, string]>([
    ["a tag that is cut off", Uint8Array.of(0x8a), "truncated", 0, ""],
    ["a tag without its value", Uint8Array.of(0x0a), "truncated", 1, "resource_spans"],
    ["a length past the end of the body", Uint8Array.of(0x0a, 5, 0), "length", 1, "resource_spans"],
    [
      "a length past the end of the message around it",
      Uint8Array.of(0x0a, 2, 0x12, 5, 0, 0, 0, 0, 0),
      "length",
      3,
      "resource_spans.scope_spans",
    ],
    ["a length of 2^63", Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f), "length", 1, "resource_spans"],
    ["a varint of eleven bytes", inSpan(0x30, ...Array<number>(10).fill(0x80), 0), "varint", 7, `${span}.kind`],
    ["a varint above 64 bits", inSpan(0x30, ...Array<number>(9).fill(0xff), 2), "varint", 7, `${span}.kind`],
    ["a varint that is cut off", inSpan(0x30, 0x80), "truncated", 7, `${span}.kind`],
    ["field number 0", inSpan(0x02, 0), "tag", 6, span],
    ["a field number above 2^29-1", inSpan(0x80, 0x80, 0x80, 0x80, 0x10, 0), "tag", 6, span],
    ["a group", inSpan(0x0b, 0x0c), "wire_type", 6, span],
    ["the end of a group", inSpan(0x0c), "wire_type", 6, span],
    ["an unknown group", inSpan(0xa3, 0x06), "wire_type", 6, span],
    ["wire type 6", inSpan(0xa6, 0x06), "tag", 6, span],
    ["wire type 7 on a known field", inSpan(0x37, 0), "tag", 6, span],
    ["a string as varint", inSpan(0x28, 1), "wire_type", 6, span],
    ["a time as varint", inSpan(0x38, 1), "wire_type", 6, span],
    ["a two-byte tag with a wrong wire type", inSpan(0x80, 0x01, 1), "wire_type", 6, span],
    ["packed numbers where there is one", inSpan(0x32, 1, 1), "wire_type", 6, span],
    ["a time of seven bytes", inSpan(0x39, 0, 0, 0, 0, 0, 0, 0), "truncated", 7, `${span}.start_time_unix_nano`],
    ["an unknown 32-bit value of three bytes", inSpan(0xa5, 0x06, 0, 0, 0), "truncated", 8, `${span}.field 100`],
    ["a trace id of 15 bytes", inSpan(0x0a, 15, ...Array<number>(15).fill(1)), "length", 8, `${span}.trace_id`],
    ["a span id of 16 bytes", inSpan(0x12, 16, ...Array<number>(16).fill(1)), "length", 8, `${span}.span_id`],
    ["a string with a lone continuation byte", inSpan(0x2a, 3, 0x61, 0x80, 0x62), "utf8", 9, `${span}.name`],
    ["a string with an overlong form", inSpan(0x2a, 2, 0xc0, 0x80), "utf8", 8, `${span}.name`],
    ["a string with a surrogate", inSpan(0x2a, 3, 0xed, 0xa0, 0x80), "utf8", 8, `${span}.name`],
    ["a string with a cut character", inSpan(0x2a, 2, 0xe6, 0x88), "utf8", 8, `${span}.name`],
    ["a long string with a bad last byte", inSpan(0x2a, 41, ...Array<number>(40).fill(0x61), 0xff), "utf8", 48, `${span}.name`],
    ["an attribute key that is not UTF-8", inAttribute(0x0a, 1, 0xff, 0x12, 2, 0x18, 5), "utf8", 8, `${attribute}.key`],
    [
      "an attribute value that is not UTF-8",
      inAttribute(0x0a, 1, 0x61, 0x12, 3, 0x0a, 1, 0xff),
      "utf8",
      13,
      `${attribute}.value.string_value`,
    ],
    ["an attribute value that is too long", inAttribute(0x0a, 1, 0x61, 0x12, 9, 0x0a, 1, 0x61), "length", 10, `${attribute}.value`],
    [
      "a string that is longer than its value",
      inAttribute(0x0a, 1, 0x61, 0x12, 3, 0x0a, 2, 0x61),
      "length",
      12,
      `${attribute}.value.string_value`,
    ],
    ["a double of four bytes", inAttribute(0x0a, 1, 0x61, 0x12, 5, 0x21, 0, 0, 0, 0), "truncated", 12, `${attribute}.value.double_value`],
    ["an int that is cut off", inAttribute(0x0a, 1, 0x61, 0x12, 2, 0x18, 0x80), "truncated", 12, `${attribute}.value.int_value`],
  ])("%s", (_, bytes, code, offset, path) => {
    const fault = faultOf(() => validateMessage("traces", bytes));
    expect(fault).toMatchObject({ code, offset, path });
  });

  it("packed 64-bit numbers that are not a multiple of eight bytes", () => {
    const point = [0x32, 9, ...Array<number>(9).fill(0)];
    const size = point.length;
    const bytes = Uint8Array.of(0x0a, size + 8, 0x12, size + 6, 0x12, size + 4, 0x4a, size + 2, 0x0a, size, ...point);
    expect(faultOf(() => validateMessage("metrics", bytes))).toMatchObject({
      code: "length",
      offset: 12,
      path: "resource_metrics.scope_metrics.metrics.histogram.data_points.bucket_counts",
    });
  });

  it("says what is wrong, where, and what to do", () => {
    expect(faultOf(() => validateMessage("traces", inSpan(0x2a, 1, 0xff)))?.message).toBe(
      "utf8 at byte 8 in resource_spans.scope_spans.spans.name: the string is not UTF-8; send it as UTF-8 or as bytes",
    );
  });
});

describe("nesting", () => {
  const nested = (levels: number): Uint8Array => {
    let value: object = { stringValue: "x" };
    for (let level = 1; level < levels; level++) {
      value = level % 2 === 0 ? { arrayValue: { values: [value] } } : { kvlistValue: { values: [{ key: "k", value }] } };
    }
    return bytesFromData("logs", { resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: value }] }] }] });
  };

  it("is limited to 64 values inside one another", () => {
    expect(faultOf(() => validateMessage("logs", nested(64)))).toBeUndefined();
    expect(faultOf(() => validateMessage("logs", nested(64), 63))).toMatchObject({ code: "depth" });
    expect(faultOf(() => validateMessage("logs", nested(5), 4))).toMatchObject({
      code: "depth",
      path: "resource_logs.scope_logs.log_records.body.array_value.values.kvlist_value.values.value.array_value.values.kvlist_value.values.value",
    });
  });

  it("does not exhaust the stack", () => {
    // array_value { values { array_value { … } } }, each level four bytes and up.
    let body: number[] = [];
    const wrap = (tag: number): void => {
      const size: number[] = [];
      for (let rest = body.length; ; rest >>>= 7) {
        size.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest);
        if (rest <= 0x7f) break;
      }
      body = [tag, ...size, ...body];
    };
    for (let level = 0; level < 3000; level++) {
      wrap(0x0a);
      wrap(0x2a);
    }
    for (const tag of [0x2a, 0x12, 0x12, 0x0a]) wrap(tag);
    expect(faultOf(() => validateMessage("logs", Uint8Array.from(body)))).toMatchObject({ code: "depth" });
  });
});

describe("what is fine", () => {
  it.each<[string, Uint8Array]>([
    ["nothing", new Uint8Array()],
    [
      "unknown fields of all wire types",
      inSpan(0xa0, 0x06, 1, 0xa1, 0x06, 0, 0, 0, 0, 0, 0, 0, 0, 0xa2, 0x06, 1, 0xff, 0xa5, 0x06, 0, 0, 0, 0),
    ],
    ["empty ids", inSpan(0x0a, 0, 0x12, 0, 0x22, 0)],
    ["a tag and lengths in more bytes than needed", Uint8Array.of(0x8a, 0x00, 0x82, 0x80, 0x00, 0x12, 0x00)],
    ["a negative enum", inSpan(0x30, ...Array<number>(9).fill(0xff), 1)],
    ["text in any script", inSpan(0x2a, 9, 0xe6, 0x88, 0xbf, 0xf0, 0x9f, 0x98, 0x80, 0xc3, 0xa9)],
  ])("%s", (_, bytes) => {
    expect(faultOf(() => validateMessage("traces", bytes))).toBeUndefined();
  });

  it("repeated numbers one by one as well as packed", () => {
    const point = [0x31, ...Array<number>(8).fill(1), 0x32, 8, ...Array<number>(8).fill(1)];
    const size = point.length;
    const bytes = Uint8Array.of(0x0a, size + 8, 0x12, size + 6, 0x12, size + 4, 0x4a, size + 2, 0x0a, size, ...point);
    expect(faultOf(() => validateMessage("metrics", bytes))).toBeUndefined();
    expect(
      dataFromBytes("metrics", bytes).resourceMetrics?.[0]?.scopeMetrics?.[0]?.metrics?.[0]?.histogram?.dataPoints?.[0]?.bucketCounts,
    ).toHaveLength(2);
  });

  it("a body that starts inside a larger buffer", () => {
    const body = inSpan(0x2a, 9, 0xe6, 0x88, 0xbf, 0xf0, 0x9f, 0x98, 0x80, 0xc3, 0xa9);
    const buffer = new Uint8Array(body.length + 7).fill(0xff);
    buffer.set(body, 5);
    expect(faultOf(() => validateMessage("traces", buffer.subarray(5, 5 + body.length)))).toBeUndefined();
  });
});
