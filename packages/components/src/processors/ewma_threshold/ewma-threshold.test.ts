import { evidenceIndexKey, traceContextsKey, traceKeyOfHex } from "@tidemark/alerting";
import { PipelineError } from "@tidemark/core";
import { settlePromises } from "@tidemark/core/testing";
import { traces } from "@tidemark/otlp/testing";
import { describe, expect, it } from "vitest";
import { RESOURCE, rig, SECOND, START } from "./testing/rig.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";

const exemplar = (value: number, traceId: string, more: Record<string, string> = {}) => ({
  asDouble: value,
  traceId,
  spanId: SPAN,
  timeUnixNano: START,
  filteredAttributes: Object.entries(more).map(([key, text]) => ({ key, value: { stringValue: text } })),
});

describe("ewma_threshold on metrics", () => {
  it("fires once with everything that a reader needs, and resolves once", async () => {
    const { gauge, alerts } = rig();
    for (let i = 0; i < 5; i++) gauge(100, i, { attributes: { "chat.type": "group" } });
    const exemplars = [exemplar(120, "a".repeat(32)), exemplar(400, TRACE, { room_id: "room-42", user_agent: "ChatApp/5.1" })];
    gauge(400, 5, { attributes: { "chat.type": "group" }, exemplars });
    gauge(500, 6, { attributes: { "chat.type": "group" } });
    gauge(100, 7, { attributes: { "chat.type": "group" } });
    gauge(100, 8, { attributes: { "chat.type": "group" } });
    const [fired, resolved, ...more] = await alerts();
    expect(more).toEqual([]);
    expect(fired).toMatchObject({
      name: "latency",
      status: "firing",
      severity: "warning",
      metric: "chat.latency",
      unit: "ms",
      value: 400,
      threshold: 150,
      operator: ">",
      startsAt: START + 5n * SECOND,
      labels: { "service.name": "chat", "service.instance.id": "i-1", "chat.type": "group", metric: "chat.latency" },
      resource: RESOURCE,
      source: "ewma_threshold/latency",
      summary: "chat.latency of chat is 400 ms, above the threshold of 150 ms (baseline 100 ms)",
      evidence: { traceId: TRACE, spanId: SPAN, roomId: "room-42", userAgent: "ChatApp/5.1" },
    });
    expect(resolved).toMatchObject({
      status: "resolved",
      value: 100,
      endsAt: START + 7n * SECOND,
      summary:
        "Resolved: the value is 100 ms now; when it fired: chat.latency of chat is 400 ms, above the threshold of 150 ms (baseline 100 ms)",
      fingerprint: fired?.fingerprint,
      evidence: fired?.evidence,
    });
  });

  it("takes what an exemplar does not say from what the trace's spans said", async () => {
    const { gauge, alerts, context } = rig();
    context.shared(traceContextsKey).learn(traceKeyOfHex(TRACE), { room_id: "room-9", user_agent: "ua", tenant_id: "t" });
    for (let i = 0; i < 3; i++) gauge(100, i);
    gauge(400, 3, { exemplars: [exemplar(400, TRACE)] });
    expect((await alerts())[0]?.evidence).toMatchObject({ traceId: TRACE, roomId: "room-9", userAgent: "ua", baggage: { tenant_id: "t" } });
  });

  it("without exemplars asks the evidence index, and fills in the room that was learnt later", async () => {
    const { gauge, alerts, context } = rig();
    const index = context.shared(evidenceIndexKey);
    const bucket = index.bucket("chat", "chat", () => ({}));
    index.observe(bucket, 900, false, (deviant) => ({
      traceId: TRACE,
      spanId: SPAN,
      roomId: "",
      userAgent: "ua",
      baggage: {},
      value: 900,
      at: 1,
      deviant,
    }));
    context.shared(traceContextsKey).learn(traceKeyOfHex(TRACE), { room_id: "late" });
    for (let i = 0; i < 3; i++) gauge(100, i);
    gauge(400, 3);
    const [alert] = await alerts();
    expect(alert?.evidence).toMatchObject({ traceId: TRACE, roomId: "late", userAgent: "ua" });
    expect(alert?.evidence.samples[0]).toMatchObject({ value: 900, roomId: "late" });
  });

  it("looks for the cause in the time that the sample covers, before it looks further back", async () => {
    const { gauge, alerts, context } = rig({ evidence: { window: "5m" } });
    const index = context.shared(evidenceIndexKey);
    const keep = (value: number, traceId: string): void =>
      index.observe(
        index.bucket("chat", "chat", () => ({})),
        value,
        false,
        (deviant) => ({ traceId, spanId: SPAN, roomId: "r", userAgent: "ua", baggage: {}, value, at: 1, deviant }),
      );
    for (let i = 0; i < 3; i++) gauge(100, i * 30);
    keep(100, "a".repeat(32));
    keep(9000, "b".repeat(32));
    await context.clock.advance(90_000);
    keep(700, TRACE);
    gauge(400, 90);
    expect((await alerts())[0]?.evidence.traceId).toBe(TRACE);
  });

  it("keeps series apart, and fires without evidence when there is none", async () => {
    const { gauge, alerts } = rig();
    for (let i = 0; i < 4; i++) {
      gauge(100, i, { attributes: { room: "a" } });
      gauge(1000, i, { attributes: { room: "b" } });
    }
    gauge(400, 5, { attributes: { room: "a" } });
    const found = await alerts();
    expect(found.map(({ labels }) => labels["room"])).toEqual(["a"]);
    expect(found[0]?.evidence).toMatchObject({ traceId: "", samples: [] });
  });

  it("watches only what matches", async () => {
    const { gauge, alerts } = rig({
      match: { metrics: ["chat.*"], attributes: { type: "group" }, resource_attributes: { "service.name": "ch?t" } },
    });
    const cases = [{ name: "http.latency" }, { attributes: { type: "single" } }, { resource: { "service.name": "other" } }, {}];
    for (const more of cases) {
      const given = { attributes: { type: "group" }, ...more };
      for (let i = 0; i < 4; i++) gauge(100, i, given);
      gauge(900, 5, given);
    }
    expect(await alerts()).toHaveLength(1);
  });

  it("tells a lasting alert again after the cool-down, with the evidence of its start", async () => {
    const { gauge, alerts, context } = rig();
    for (let i = 0; i < 3; i++) gauge(100, i);
    for (let i = 3; i < 70; i++) {
      gauge(400 + i, i, { exemplars: [exemplar(1, i.toString(16).padStart(32, "0"))] });
      await context.clock.advance(10_000);
    }
    const found = await alerts();
    expect(found.map(({ value }) => value)).toEqual([403, 433, 463]);
    expect(new Set(found.map(({ evidence }) => evidence.traceId)).size).toBe(1);
    expect(new Set(found.map(({ startsAt }) => startsAt)).size).toBe(1);
  });

  it("resolves an alert whose series fell silent, and one whose series says that it ends", async () => {
    const { gauge, alerts, context } = rig({ stale_after: "1m" });
    for (let i = 0; i < 3; i++) for (const room of ["a", "b"]) gauge(100, i, { attributes: { room } });
    for (const room of ["a", "b"]) gauge(400, 3, { attributes: { room } });
    gauge(0, 4, { attributes: { room: "b" }, flags: 1 });
    expect((await alerts()).map(({ status, labels }) => `${status} ${labels["room"]}`)).toEqual(["firing a", "firing b", "resolved b"]);
    await context.clock.advance(59_999);
    expect(await alerts()).toHaveLength(3);
    await context.clock.advance(1);
    expect((await alerts()).at(-1)).toMatchObject({ status: "resolved", labels: { room: "a" } });
    await context.clock.advance(3_600_000);
    expect(await alerts()).toHaveLength(4);
    expect(context.clock.pending).toBe(0);
  });

  it("forgets the series that was silent longest, and ends its alert", async () => {
    const { gauge, alerts } = rig({ max_series: 2 });
    for (let i = 0; i < 3; i++) gauge(100, i, { attributes: { n: "0" } });
    gauge(400, 3, { attributes: { n: "0" } });
    gauge(1, 0, { attributes: { n: "1" } });
    gauge(1, 0, { attributes: { n: "2" } });
    expect((await alerts()).map(({ status }) => status)).toEqual(["firing", "resolved"]);
  });

  it("learns nothing from NaN, infinity, old points and points without a value", async () => {
    const { gauge, alerts } = rig();
    for (let i = 0; i < 3; i++) gauge(100, i);
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) gauge(bad, 3);
    gauge(900, 2);
    gauge(900, 4, { flags: 1 });
    expect(await alerts()).toEqual([]);
    gauge(151, 5);
    expect(await alerts()).toHaveLength(1);
  });

  it("keeps baselines and firing alerts over a reload", async () => {
    const first = rig();
    for (let i = 0; i < 3; i++) first.gauge(100, i);
    first.gauge(400, 3);
    await first.processor.shutdown(AbortSignal.timeout(1000));
    const second = rig({}, { context: first.context });
    second.gauge(410, 4);
    second.gauge(100, 5);
    expect((await second.alerts()).map(({ status }) => status)).toEqual(["firing", "resolved"]);
  });
});

describe("ewma_threshold after a reload that watches something else", () => {
  it("starts afresh and ends the alerts of what it no longer watches", async () => {
    const first = rig({ match: { metrics: ["chat.*"] } });
    for (let i = 0; i < 3; i++) first.gauge(100, i);
    first.gauge(400, 3);
    await first.processor.shutdown(AbortSignal.timeout(1000));
    const second = rig({ match: { metrics: ["other"] } }, { context: first.context });
    second.gauge(400, 4);
    expect((await second.alerts()).map(({ status }) => status)).toEqual(["firing", "resolved"]);
  });
});

describe("ewma_threshold on traces", () => {
  it("watches the duration of spans by service and name; the span itself is the evidence", async () => {
    const { processor, alerts } = rig({ match: { spans: ["send*"] } }, { signal: "traces" });
    const span = (durationMs: number, name = "send message") =>
      processor.process(
        traces({
          resource: { "service.name": "chat" },
          spans: [
            {
              name,
              durationMs,
              traceId: TRACE,
              spanId: SPAN,
              attributes: { room_id: "room-42", user_agent: "ChatApp/5.1" },
              startTimeUnixNano: START,
            },
          ],
        }),
      );
    for (let i = 0; i < 4; i++) span(100);
    for (let i = 0; i < 4; i++) span(10, "other");
    span(900, "other");
    span(450);
    const found = await alerts();
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      metric: "span.duration",
      unit: "ms",
      value: 450,
      labels: { "service.name": "chat", "span.name": "send message" },
      evidence: { traceId: TRACE, spanId: SPAN, roomId: "room-42", userAgent: "ChatApp/5.1", samples: [{ value: 450, deviant: true }] },
    });
  });
});

describe("the outbox", () => {
  it("offers refused alerts again, in order, until they are taken", async () => {
    const { gauge, alerts, context } = rig();
    context.alertOutcome = { kind: "refused", error: PipelineError.unavailable("full", 5000) };
    for (let i = 0; i < 3; i++) gauge(100, i);
    gauge(400, 3);
    gauge(100, 4);
    await context.clock.advance(4999);
    expect(context.offered).toHaveLength(1);
    context.alertOutcome = { kind: "delivered" };
    await context.clock.advance(1);
    expect((await alerts()).slice(1).map(({ status }) => status)).toEqual(["firing", "resolved"]);
    await context.clock.advance(3_600_000);
    expect(context.offered).toHaveLength(2);
    expect(context.lines).toEqual([]);
  });

  it("says how many alerts are lost when they are refused for good, or until shutdown", async () => {
    const failing = rig();
    failing.context.alertOutcome = { kind: "failed", error: PipelineError.invalid("nobody wants it"), items: 1 };
    for (let i = 0; i < 3; i++) failing.gauge(100, i);
    failing.gauge(400, 3);
    await settlePromises();
    expect(failing.context.lines).toMatchObject([{ level: "error", message: "1 alert is lost: nobody wants it", fields: { alerts: 1 } }]);

    const refused = rig();
    refused.context.alertOutcome = { kind: "refused", error: PipelineError.unavailable("full") };
    for (let i = 0; i < 3; i++) refused.gauge(100, i);
    refused.gauge(400, 3);
    await settlePromises();
    await refused.processor.shutdown(AbortSignal.abort());
    expect(refused.context.lines).toMatchObject([{ level: "error", fields: { alerts: 1 } }]);
    expect(refused.context.clock.pending).toBe(0);
  });
});
