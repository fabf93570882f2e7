import fc from "fast-check";
import { logs } from "@tidemark/otlp/testing";
import { openBatch } from "@tidemark/otlp";
import type { LogBatch } from "@tidemark/otlp";
import { describe, expect, it } from "vitest";
import type { Alert } from "./alert.ts";
import { decodeAlert, noticeFromRecord } from "./decode.ts";
import { encodeAlerts } from "./encode.ts";
import { sampleAlert } from "./testing/index.ts";

function decodeAll(batch: LogBatch): (Alert | undefined)[] {
  const found: (Alert | undefined)[] = [];
  const records = openBatch("logs", batch.encode()).items();
  while (records.next()) found.push(decodeAlert(records));
  return found;
}

const text = fc.string({ unit: "grapheme", minLength: 1 });
const texts = fc.dictionary(text, text, { maxKeys: 4, noNullPrototype: true });
const id = (digits: number) =>
  fc
    .string({ unit: fc.constantFrom(..."0123456789abcdef".split("")), minLength: digits, maxLength: digits })
    .filter((hex) => !/^0*$/.test(hex));
const double = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
const identity = { traceId: id(32), spanId: id(16), roomId: text, userAgent: text, baggage: texts };
const evidence = fc.record({
  ...identity,
  samples: fc.array(fc.record({ ...identity, value: double, at: fc.integer({ min: 0, max: 4e12 }), deviant: fc.boolean() }), {
    maxLength: 3,
  }),
});

describe("the alert convention", () => {
  it("writes what the README says", async () => {
    const object = encodeAlerts([sampleAlert()], 1_760_000_000_500).toObject();
    const json = JSON.stringify(object, (_key, value: unknown) => (typeof value === "bigint" ? `${value}n` : value), 2);
    await expect(`${json}\n`).toMatchFileSnapshot("testdata/alert-record.json");
  });

  it("keeps labels whose names mean something to JavaScript", () => {
    const labels = Object.fromEntries([
      ["__proto__", "a"],
      ["constructor", "b"],
    ]);
    const [back] = decodeAll(encodeAlerts([{ ...sampleAlert(), labels }], 1_760_000_000_500));
    expect(Object.entries(back?.labels ?? {})).toEqual([
      ["__proto__", "a"],
      ["constructor", "b"],
    ]);
  });

  it("brings every alert back as it was", () => {
    fc.assert(
      fc.property(
        fc.record({
          name: text,
          status: fc.constantFrom("firing" as const, "resolved" as const),
          severity: fc.constantFrom("info", "low", "warning", "high", "critical", "emergency"),
          severityText: text,
          summary: text,
          metric: fc.string(),
          unit: fc.string(),
          value: fc.option(double, { nil: undefined }),
          threshold: fc.option(double, { nil: undefined }),
          operator: fc.constantFrom(">", ">=", "<", "<=", "==", "!="),
          startsAt: fc.bigInt({ min: 1n, max: (1n << 63n) - 1n }),
          end: fc.bigInt({ min: 1n, max: (1n << 63n) - 1n }),
          labels: texts,
          annotations: texts,
          evidence,
        }),
        ({ end, ...fields }) => {
          const alert = sampleAlert({ ...fields, endsAt: fields.status === "resolved" ? end : undefined });
          expect(decodeAll(encodeAlerts([alert, sampleAlert()], 1_760_000_000_000))).toEqual([alert, sampleAlert()]);
        },
      ),
      { numRuns: 100 },
    );
  });

  it("sets the ids of the record itself", () => {
    const records = encodeAlerts([sampleAlert()], 0).items();
    expect(records.next()).toBe(true);
    expect(records).toMatchObject({
      eventName: "tidemark.alert",
      traceId: "0af7651916cd43dd8448eb211c80319c",
      spanId: "b7ad6b7169203331",
      severityNumber: 13,
    });
  });

  it("does not take other records for alerts, and can show them as notices", () => {
    const batch = logs({
      resource: { "service.name": "chat" },
      records: [
        {
          body: "disk full",
          eventName: "disk",
          severityNumber: 17,
          severityText: "ERROR",
          traceId: "0af7651916cd43dd8448eb211c80319c",
          attributes: { room_id: "r1", "alert.name": "x" },
        },
      ],
    });
    expect(decodeAll(batch)).toEqual([undefined]);
    const records = batch.items();
    records.next();
    expect(noticeFromRecord(records)).toMatchObject({
      name: "disk",
      status: "firing",
      severity: "high",
      severityText: "ERROR",
      summary: "disk full",
      metric: "",
      value: undefined,
      labels: { "service.name": "chat" },
      evidence: { traceId: "0af7651916cd43dd8448eb211c80319c", roomId: "r1" },
    });
  });
});
