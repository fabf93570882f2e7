import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { referenceDecode, referenceEncode } from "../testdata/reference.ts";
import { WireError } from "../wire/wire-error.ts";
import { decodeExportResponse, encodeExportResponse, exportResponseFromJson, exportResponseToJson } from "./export-response.ts";
import { decodeStatus, encodeStatus, statusFromJson, statusToJson } from "./status.ts";

const shapes = [
  ["traces", "otlp.ExportTraceServiceResponse", "rejectedSpans"],
  ["metrics", "otlp.ExportMetricsServiceResponse", "rejectedDataPoints"],
  ["logs", "otlp.ExportLogsServiceResponse", "rejectedLogRecords"],
] as const;

describe.each(shapes)("%s export response", (signal, type, rejected) => {
  it("is empty for a full success", () => {
    expect(encodeExportResponse(signal)).toEqual(new Uint8Array());
    expect(exportResponseToJson(signal)).toBe("{}");
    expect(decodeExportResponse(signal, new Uint8Array())).toEqual({ rejected: 0, message: "" });
    expect(exportResponseFromJson(signal, "{}")).toEqual({ rejected: 0, message: "" });
  });

  it("carries the partial success as the reference does", () => {
    const bytes = encodeExportResponse(signal, { rejected: 3, message: "too old" });
    expect(referenceDecode(type, bytes)).toEqual({ partialSuccess: { [rejected]: 3n, errorMessage: "too old" } });
    expect(decodeExportResponse(signal, bytes)).toEqual({ rejected: 3, message: "too old" });
  });

  it("carries the partial success in JSON", () => {
    const text = exportResponseToJson(signal, { rejected: 3, message: "too old" });
    expect(text).toBe(`{"partialSuccess":{"${rejected}":"3","errorMessage":"too old"}}`);
    expect(exportResponseFromJson(signal, text)).toEqual({ rejected: 3, message: "too old" });
  });

  it("tells a warning, which rejects nothing, from a full success", () => {
    expect(decodeExportResponse(signal, encodeExportResponse(signal, { rejected: 0, message: "slow down" }))).toEqual({
      rejected: 0,
      message: "slow down",
    });
  });
});

describe("google.rpc.Status", () => {
  it("has no detail without a retry delay", () => {
    const bytes = encodeStatus({ code: 3, message: "bad data" });
    expect(referenceDecode("google.Status", bytes)).toEqual({ code: 3, message: "bad data" });
    expect(decodeStatus(bytes)).toEqual({ code: 3, message: "bad data" });
    expect(statusToJson({ code: 3, message: "bad data" })).toBe('{"code":3,"message":"bad data"}');
  });

  it("carries the retry delay as RetryInfo", () => {
    const decoded = referenceDecode("google.Status", encodeStatus({ code: 8, message: "full", retryDelayMs: 1500 }));
    const [detail] = decoded["details"] as [{ typeUrl: string; value: Uint8Array }];
    expect(detail.typeUrl).toBe("type.googleapis.com/google.rpc.RetryInfo");
    expect(referenceDecode("google.RetryInfo", detail.value)).toEqual({ retryDelay: { seconds: 1n, nanos: 500_000_000 } });
  });

  it.each([
    [1500, "1.5s"],
    [30_000, "30s"],
    [0, "0s"],
    [0.25, "0.00025s"],
  ])("writes %d ms as %s in JSON", (retryDelayMs, text) => {
    const json = statusToJson({ code: 14, message: "", retryDelayMs });
    expect(JSON.parse(json).details).toEqual([{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: text }]);
  });

  it("comes back from bytes and from JSON as it was", () => {
    const statuses = fc.record(
      {
        code: fc.integer({ min: 0, max: 16 }),
        message: fc.string({ unit: "binary" }),
        retryDelayMs: fc.integer({ min: 0, max: 10_000_000 }),
      },
      { requiredKeys: ["code", "message"] },
    );
    fc.assert(
      fc.property(statuses, (status) => {
        expect(decodeStatus(encodeStatus(status))).toEqual(status);
        expect(statusFromJson(statusToJson(status))).toEqual(status);
      }),
    );
  });

  it("finds RetryInfo behind other details", () => {
    const bytes = referenceEncode("google.Status", {
      code: 8,
      details: [
        { typeUrl: "type.googleapis.com/google.rpc.BadRequest", value: Uint8Array.of(1) },
        { typeUrl: "types.example/google.rpc.RetryInfo", value: referenceEncode("google.RetryInfo", { retryDelay: { seconds: 2n } }) },
      ],
    });
    expect(decodeStatus(bytes)).toEqual({ code: 8, message: "", retryDelayMs: 2000 });
  });

  it("takes answers of other servers in JSON", () => {
    expect(statusFromJson('{"message":"x","details":[null,{"@type":"a/google.rpc.RetryInfo","retryDelay":"soon"}]}')).toEqual({
      code: 2,
      message: "x",
    });
    expect(() => statusFromJson("<html>")).toThrow(new WireError("json", 0, "", "expected a value"));
    expect(() => statusFromJson("[]")).toThrow(new WireError("json", 0, "", "expected an object"));
  });
});
