import { evidenceIndexKey } from "@tidemark/alerting";
import { testContext, testDelivery } from "@tidemark/core/testing";
import type { TestContext } from "@tidemark/core/testing";
import type { Batch } from "@tidemark/otlp";
import { logs, metrics, traces } from "@tidemark/otlp/testing";
import type { SpanInput } from "@tidemark/otlp/testing";
import { describe, expect, it } from "vitest";
import { ContextAttach } from "./context-attach.ts";
import { contextAttachConfig } from "./config.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const OTHER = "4bf92f3577b34da6a3ce929d0e0e4736";

function rig(yaml: Record<string, unknown> = {}, context: TestContext = testContext()) {
  const processor = new ContextAttach(contextAttachConfig.parse(yaml), context);
  const run = <B extends Batch>(batch: B, baggage?: string): B => {
    const metadata = baggage === undefined ? undefined : new Map([["baggage", [baggage]]]);
    return processor.process(batch, testDelivery(batch, metadata)) as B;
  };
  return { context, run };
}

function attributes(batch: Batch): Record<string, unknown>[] {
  const found: Record<string, unknown>[] = [];
  const items = batch.items();
  while (items.next()) found.push(items.attributes.toObject());
  return found;
}

const spans = (...inputs: SpanInput[]) => traces({ resource: { "service.name": "chat" }, spans: inputs });

describe("context_attach", () => {
  it("gives the spans of a trace what one of them knows, in any order", () => {
    const { run } = rig();
    const batch = spans({ traceId: TRACE }, { traceId: TRACE, attributes: { room_id: "r1", user_agent: "ua" } }, { traceId: OTHER });
    expect(attributes(run(batch))).toEqual([{ room_id: "r1", user_agent: "ua" }, { room_id: "r1", user_agent: "ua" }, {}]);
  });

  it("reads a key from the other names that it may have", () => {
    const { run } = rig({ baggage: { sources: { user_agent: ["user_agent.original"], room_id: ["chat.room.id"] } } });
    const [first] = attributes(run(spans({ attributes: { "chat.room.id": 42, "user_agent.original": "Mozilla" } })));
    expect(first).toMatchObject({ room_id: "42", user_agent: "Mozilla" });
  });

  it("takes allowed members of the request's baggage, and no others", () => {
    const { run } = rig({ baggage: { allow: ["room_id", "user_agent", "tenant_id"] } });
    const result = run(logs({ records: [{}, { attributes: { room_id: "own" } }] }), "room_id=r%31,secret=x,tenant_id=t,room_id=r2");
    expect(attributes(result)).toEqual([
      { room_id: "r2", tenant_id: "t" },
      { room_id: "own", tenant_id: "t" },
    ]);
  });

  it("gives log records the room of their trace, from spans of another pipeline", () => {
    const context = testContext();
    const tracesPipeline = rig({}, context);
    const logsPipeline = rig({}, context);
    tracesPipeline.run(spans({ traceId: TRACE, attributes: { room_id: "r1", user_agent: "ua" } }));
    const batch = logs({ records: [{ traceId: TRACE }, { traceId: OTHER }, {}] });
    expect(attributes(logsPipeline.run(batch))).toEqual([{ room_id: "r1", user_agent: "ua" }, {}, {}]);
  });

  it("hands on the same object when there is nothing to attach", () => {
    const { run } = rig();
    const batches = [
      spans({}, {}),
      spans({ attributes: { room_id: "r", user_agent: "u" } }),
      logs({ records: [{}] }),
      metrics({ metrics: [{ name: "m", gauge: [{ value: 1 }] }] }),
    ];
    for (const batch of batches) expect(run(batch)).toBe(batch);
    const records = logs({ records: [{}] });
    expect(run(records, "unknown=1")).toBe(records);
  });

  it("cuts long values, and never overwrites what an item says", () => {
    const { run } = rig({ baggage: { max_value_bytes: 8 } });
    const result = run(
      spans({ traceId: TRACE, attributes: { user_agent: "a long user agent" } }, { traceId: TRACE }),
      "room_id=0123456789",
    );
    expect(attributes(result)).toEqual([
      { user_agent: "a long user agent", room_id: "01234…" },
      { user_agent: "a lon…", room_id: "01234…" },
    ]);
  });

  it("puts nothing on metrics or resources unless a key is asked for", () => {
    const batch = metrics({ metrics: [{ name: "m", gauge: [{ value: 1 }, { value: 2, attributes: { tenant_id: "own" } }] }] });
    expect(rig().run(batch, "room_id=r")).toBe(batch);
    const { run } = rig({ baggage: { allow: ["room_id", "tenant_id"], metric_labels: ["tenant_id"] } });
    expect(attributes(run(batch, "room_id=r,tenant_id=t"))).toEqual([{ tenant_id: "t" }, { tenant_id: "own" }]);
    const result = rig().run(spans({}), "room_id=r");
    const items = result.items();
    items.next();
    expect(items.resource.attributes.toObject()).toEqual({ "service.name": "chat" });
  });

  it("keeps evidence by service and correlating attributes", () => {
    const { context, run } = rig({ baggage: { allow: ["room_id", "user_agent", "tenant_id"] }, evidence: { correlate: ["chat.type"] } });
    for (let i = 0; i < 20; i++) run(spans({ durationMs: 50, attributes: { "chat.type": "group", room_id: "usual" } }));
    run(
      spans({
        traceId: TRACE,
        spanId: "b7ad6b7169203331",
        durationMs: 800,
        attributes: { "chat.type": "group", room_id: "r1", user_agent: "ua", tenant_id: "t" },
      }),
    );
    run(spans({ traceId: OTHER, durationMs: 5, status: { code: 2 }, attributes: { "chat.type": "single", room_id: "failing" } }));
    const lookup = (type: string) =>
      context
        .shared(evidenceIndexKey)
        .lookup({ service: "chat", attributes: { "chat.type": type }, at: context.clock.now(), windowMs: 60_000 });
    expect(lookup("group")).toMatchObject({
      traceId: TRACE,
      spanId: "b7ad6b7169203331",
      roomId: "r1",
      userAgent: "ua",
      baggage: { tenant_id: "t" },
      samples: [
        { value: 800, deviant: true },
        { value: 50, deviant: false },
      ],
    });
    expect(lookup("single")).toMatchObject({ traceId: OTHER, roomId: "failing" });
    const silent = rig({ evidence: { enabled: false } });
    silent.run(spans({}));
    expect(silent.context.shared(evidenceIndexKey).series).toBe(0);
  });

  it("rejects a metric label that is not allowed baggage", () => {
    const { error } = contextAttachConfig.safeParse({ baggage: { metric_labels: ["tenant_id"] } });
    expect(error?.issues[0]).toMatchObject({
      path: ["baggage", "metric_labels", 0],
      message: '"tenant_id" is not in baggage.allow; add it there',
    });
  });
});
