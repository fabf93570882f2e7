import { testContext, testDelivery } from "@tidemark/core/testing";
import type { Batch, LogBatch, MetricBatch, Signal, TraceBatch } from "@tidemark/otlp";
import { logs, metrics, traces } from "@tidemark/otlp/testing";
import { describe, expect, it } from "vitest";
import { createAttributes } from "./attributes.ts";
import { attributesConfig } from "./config.ts";

const ACTIONS = [{ key: "hit", value: true, action: "upsert" }];
type Options = Readonly<Record<string, unknown>>;

function process<B extends Batch>(batch: B, options: Options): B {
  const context = { ...testContext({ id: "attributes" }), signal: batch.signal as Signal };
  const processor = createAttributes(attributesConfig.parse({ actions: ACTIONS, ...options }), context);
  return processor.process(batch, testDelivery(batch)) as B;
}

const SPANS = traces({
  resource: { "service.name": "chat", zone: 1 },
  spans: [
    { name: "login", kind: 2, attributes: { room: "a", n: 1 } },
    { name: "logout", kind: 3, attributes: { room: "b", list: [1, "x"] } },
    { name: "GET /health", attributes: { ok: true } },
  ],
});
const RECORDS = logs({
  resource: { "service.name": "chat" },
  records: [
    { body: "health check", severityNumber: 5, severityText: "DEBUG", attributes: { room: "a" } },
    { body: { text: "login" }, severityNumber: 17, severityText: "ERROR" },
    { body: "login", severityNumber: 0, attributes: { room: "b" } },
  ],
});
const POINTS = metrics({
  resource: { "service.name": "chat" },
  metrics: [
    { name: "http.server.duration", gauge: [{ value: 1 }, { value: 2 }] },
    { name: "queue.length", sum: [{ value: 1 }] },
  ],
});

/** Positions of the items that were changed. */
function hits(batch: TraceBatch | LogBatch | MetricBatch, options: Options): readonly number[] {
  const items = process<Batch>(batch, options).items();
  const found: number[] = [];
  while (items.next()) if (items.attributes.has("hit")) found.push(items.index);
  return found;
}

describe("what is changed", () => {
  it("is every item, without include and exclude", () => {
    expect([SPANS, RECORDS, POINTS].map((batch) => hits(batch, {}))).toEqual([
      [0, 1, 2],
      [0, 1, 2],
      [0, 1, 2],
    ]);
  });

  it.each<[Options, readonly number[]]>([
    [{ match_type: "strict", span_names: ["login", "nothing"] }, [0]],
    [{ match_type: "regexp", span_names: ["^log"] }, [0, 1]],
    [{ match_type: "strict", services: ["chat"] }, [0, 1, 2]],
    [{ match_type: "strict", services: ["cha"] }, []],
    [{ match_type: "regexp", services: ["cha"] }, [0, 1, 2]],
    [{ match_type: "strict", span_kinds: ["SPAN_KIND_SERVER"] }, [0]],
    [{ match_type: "regexp", span_kinds: ["SERVER|CLIENT"] }, [0, 1]],
    [{ match_type: "strict", attributes: [{ key: "room" }] }, [0, 1]],
    [{ match_type: "strict", attributes: [{ key: "room", value: "a" }] }, [0]],
    [{ match_type: "strict", attributes: [{ key: "n", value: 1 }] }, [0]],
    [{ match_type: "strict", attributes: [{ key: "n", value: "1" }] }, []],
    [{ match_type: "strict", attributes: [{ key: "list", value: [1, "x"] }] }, [1]],
    [{ match_type: "regexp", attributes: [{ key: "n", value: "^1$" }] }, [0]],
    [{ match_type: "regexp", attributes: [{ key: "list", value: "x" }] }, []],
    [{ match_type: "regexp", attributes: [{ key: "room", value: "." }, { key: "n" }] }, [0]],
    [{ match_type: "strict", resources: [{ key: "zone", value: 1 }], span_names: ["logout"] }, [1]],
    [{ match_type: "strict", resources: [{ key: "zone", value: 2 }], span_names: ["logout"] }, []],
    [{ match_type: "strict", libraries: [{ name: "other" }] }, []],
  ])("of spans with include %o: %o", (include, expected) => {
    expect(hits(SPANS, { include })).toEqual(expected);
  });

  it("knows scopes by name and version", () => {
    const batch = traces({ scope: "http", spans: [{}] });
    const include = (library: Options): Options => ({ include: { match_type: "strict", libraries: [library] } });
    expect(
      [{ name: "http" }, { name: "http", version: "" }, { name: "http", version: "1.2" }, { name: "grpc" }].map((it) =>
        hits(batch, include(it)),
      ),
    ).toEqual([[0], [0], [], []]);
  });

  it.each<[Options, readonly number[]]>([
    [{ match_type: "regexp", log_bodies: ["^health", "^login"] }, [0, 2]],
    [{ match_type: "strict", log_severity_texts: ["ERROR"] }, [1]],
    [{ match_type: "strict", log_severity_number: { min: 9 } }, [1]],
    [{ match_type: "strict", log_severity_number: { min: 5, match_undefined: true } }, [0, 1, 2]],
    [{ match_type: "strict", attributes: [{ key: "room" }] }, [0, 2]],
  ])("of log records with include %o: %o", (include, expected) => {
    expect(hits(RECORDS, { include })).toEqual(expected);
  });

  it.each<[Options, readonly number[]]>([
    [{ match_type: "strict", metric_names: ["queue.length"] }, [2]],
    [{ match_type: "regexp", metric_names: ["^http\\."] }, [0, 1]],
  ])("of data points with include %o: %o", (include, expected) => {
    expect(hits(POINTS, { include })).toEqual(expected);
  });

  it("is not what is excluded, even if it is included", () => {
    const exclude = { match_type: "regexp", span_names: ["^GET"] };
    expect(hits(SPANS, { exclude })).toEqual([0, 1]);
    expect(hits(SPANS, { include: { match_type: "strict", attributes: [{ key: "ok" }] }, exclude })).toEqual([]);
  });

  it("is nothing when nothing matches: the same batch goes on", () => {
    expect(process(SPANS, { include: { match_type: "strict", span_names: ["none"] } })).toBe(SPANS);
  });
});

describe("criteria that do not fit the signal stop the start", () => {
  it.each<[Batch, Options, string]>([
    [SPANS, { log_bodies: ["x"] }, "include: log_bodies should not be specified for traces; use a second attributes processor"],
    [RECORDS, { span_names: ["x"] }, "include: span_names should not be specified for logs; use a second attributes processor"],
    [POINTS, { attributes: [{ key: "x" }] }, "include: attributes should not be specified for metrics; use a second attributes processor"],
    [POINTS, {}, "include: at least one of metric_names, resources must be specified for metrics"],
  ])("%#", (batch, include, message) => {
    expect(() => process(batch, { include: { match_type: "strict", ...include } })).toThrow(message);
  });
});

describe("options", () => {
  it.each<[Options, RegExp]>([
    [{ actions: [] }, /Too small/],
    [{ actions: ACTIONS, include: { match_type: "regexp", span_names: ["("] } }, /^missing closing \): `\(`; close the group/],
    [{ actions: ACTIONS, exclude: { match_type: "regexp", attributes: [{ key: "a", value: 1 }] } }, /put it in quotes$/],
  ])("%o", (options, message) => {
    expect(attributesConfig.safeParse(options).error?.issues[0]?.message).toMatch(message);
  });
});
