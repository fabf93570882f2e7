import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { IncomingHttpHeaders, Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { metrics, propagation, context, trace } from "@opentelemetry/api";
import { isTracingSuppressed } from "@opentelemetry/core";
import { batchFromJson } from "@tidemark/otlp";
import type { MetricBatch, TraceBatch } from "@tidemark/otlp";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startTelemetry, withRoom } from "./index.ts";
import type { Telemetry, TelemetryOptions } from "./index.ts";

interface Received {
  readonly traces: TraceBatch[];
  readonly metrics: MetricBatch[];
  readonly headers: IncomingHttpHeaders[];
}

const received: Received = { traces: [], metrics: [], headers: [] };
let server: Server;
let endpoint: string;
let telemetry: Telemetry | undefined;

beforeEach(async () => {
  received.traces.length = received.metrics.length = received.headers.length = 0;
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const text = Buffer.concat(chunks);
      received.headers.push(request.headers);
      if (request.url === "/v1/traces") received.traces.push(batchFromJson("traces", text));
      if (request.url === "/v1/metrics") received.metrics.push(batchFromJson("metrics", text));
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  vi.unstubAllGlobals();
  await telemetry?.shutdown();
  telemetry = undefined;
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** Runs `work` under telemetry and sends everything, as an app that ends in good order does. */
async function exported(work: () => unknown, settings: Partial<TelemetryOptions> = {}): Promise<void> {
  telemetry = startTelemetry({ serviceName: "chat", endpoint, metricIntervalMs: 60_000, ...settings });
  await work();
  await telemetry.shutdown();
}

const tracer = () => trace.getTracer("test", "1.0");
const meter = () => metrics.getMeter("test", "1.0");

/** Every data point with its exemplars. */
function points() {
  return received.metrics.flatMap((batch) => {
    const found = [];
    const cursor = batch.items();
    while (cursor.next())
      found.push({ name: cursor.metric.name, attributes: cursor.attributes.toObject(), exemplars: [...cursor.exemplars()] });
    return found;
  });
}

/** Every span with its attributes. */
function spans() {
  return received.traces.flatMap((batch) => {
    const found = [];
    const cursor = batch.items();
    while (cursor.next())
      found.push({ name: cursor.name, traceId: cursor.traceId, spanId: cursor.spanId, attributes: cursor.attributes.toObject() });
    return found;
  });
}

describe("startTelemetry", () => {
  it("sends spans and metrics under the service's name and resource", async () => {
    await exported(
      () => {
        tracer().startActiveSpan("send", (span) => span.end());
        meter().createCounter("messages").add(2, { kind: "text" });
      },
      { resourceAttributes: { "deployment.environment.name": "test" } },
    );
    expect(spans()).toMatchObject([{ name: "send" }]);
    expect(points()).toMatchObject([{ name: "messages", attributes: { kind: "text" } }]);
    for (const batch of [...received.traces, ...received.metrics]) {
      const cursor = batch.items();
      cursor.next();
      expect(cursor.resource.attributes.toObject()).toMatchObject({ "service.name": "chat", "deployment.environment.name": "test" });
    }
  });

  it("carries trace context and the room to the next service in W3C headers", async () => {
    const carrier: Record<string, string> = {};
    await exported(() =>
      withRoom({ roomId: "room 7", userAgent: "web/1" }, () =>
        tracer().startActiveSpan("call", (span) => {
          propagation.inject(context.active(), carrier);
          span.end();
        }),
      ),
    );
    expect(carrier["traceparent"]).toBe(`00-${spans()[0]?.traceId}-${spans()[0]?.spanId}-01`);
    expect(carrier["baggage"]).toBe("room_id=room%207,user_agent=web%2F1");
  });

  it("gives the OpenTelemetry API back at shutdown and can be started again", async () => {
    await exported(() => tracer().startActiveSpan("first", (span) => span.end()));
    await telemetry?.shutdown();
    expect(trace.getTracer("test").startSpan("between").isRecording()).toBe(false);
    await exported(() => tracer().startActiveSpan("second", (span) => span.end()));
    expect(spans().map((span) => span.name)).toEqual(["first", "second"]);
  });

  it("refuses to start twice", () => {
    telemetry = startTelemetry({ serviceName: "chat", endpoint });
    expect(() => startTelemetry({ serviceName: "chat", endpoint })).toThrow(/already set up/);
  });

  it("names the mistake in an endpoint", () => {
    expect(() => startTelemetry({ serviceName: "chat", endpoint: "localhost:4318" })).toThrow(
      'endpoint "localhost:4318" is not an HTTP address; write the collector\'s OTLP/HTTP address, such as http://localhost:4318',
    );
  });
});

describe("the quick start of the README", () => {
  it("runs as it stands, and its measurement leads to its span", async () => {
    const folder = new URL("..", import.meta.url);
    const readme = await readFile(new URL("README.md", folder), "utf8");
    const code = (/```js\n([^]*?)```/.exec(readme)?.[1] ?? "").replace("http://localhost:4318", endpoint);
    expect(code).toContain(endpoint);
    await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", code], { cwd: fileURLToPath(folder) });
    expect(points().flatMap(({ exemplars }) => exemplars)).toMatchObject([
      { value: 0.012, traceId: spans()[0]?.traceId, filteredAttributes: { room_id: "lobby", user_agent: "ChatWeb/7.3" } },
    ]);
  });
});

describe("withRoom", () => {
  it("marks the active span and every span started inside, over awaits, and no other", async () => {
    await exported(() =>
      tracer().startActiveSpan("outer", async (outer) => {
        await withRoom({ roomId: "r1", userAgent: "web/1" }, async () => {
          await Promise.resolve();
          tracer().startActiveSpan("inner", (inner) => inner.end());
        });
        tracer().startActiveSpan("after", (after) => after.end());
        outer.end();
      }),
    );
    const attributes = new Map(spans().map((span) => [span.name, span.attributes]));
    expect(attributes.get("outer")).toEqual({ room_id: "r1", user_agent: "web/1" });
    expect(attributes.get("inner")).toEqual({ room_id: "r1", user_agent: "web/1" });
    expect(attributes.get("after")).toEqual({});
  });

  it("copies nothing from the baggage but what is allowed", async () => {
    await exported(() =>
      context.with(propagation.setBaggage(context.active(), propagation.createBaggage({ password: { value: "secret" } })), () =>
        withRoom({ roomId: "r1" }, () => tracer().startActiveSpan("work", (span) => span.end())),
      ),
    );
    expect(spans()[0]?.attributes).toEqual({ room_id: "r1" });
  });

  it("hides the outer room's user agent in an inner room that has none, and cuts long values", async () => {
    await exported(() =>
      withRoom({ roomId: "outer", userAgent: "x".repeat(10_000) }, () => {
        tracer().startActiveSpan("outer", (span) => span.end());
        withRoom({ roomId: "inner" }, () => tracer().startActiveSpan("inner", (span) => span.end()));
      }),
    );
    expect(spans().map((span) => span.attributes)).toEqual([{ room_id: "outer", user_agent: "x".repeat(256) }, { room_id: "inner" }]);
  });

  it("passes values, errors and rejections through", async () => {
    await exported(async () => {
      const room = { roomId: "r1" };
      expect(withRoom(room, () => 7)).toBe(7);
      await expect(withRoom(room, () => Promise.resolve("later"))).resolves.toBe("later");
      expect(() =>
        withRoom(room, () => {
          throw new RangeError("now");
        }),
      ).toThrow(RangeError);
      await expect(withRoom(room, () => Promise.reject(new RangeError("later")))).rejects.toThrow(RangeError);
    });
  });
});

describe("exemplars", () => {
  it("lead from a histogram's buckets to the trace, the room and the user agent of a measurement", async () => {
    await exported(() => {
      const latency = meter().createHistogram("latency", { unit: "ms" });
      for (const [roomId, value] of [
        ["fast", 3],
        ["slow", 900],
        ["fast", 4],
      ] as const)
        withRoom({ roomId, userAgent: "web/1" }, () =>
          tracer().startActiveSpan(roomId, (span) => {
            latency.record(value, { hop: "deliver" });
            span.end();
          }),
        );
    });
    const [point] = points();
    // One per bucket, the last of it: (0, 5] and (750, 1000].
    expect(point?.exemplars.map(({ value, filteredAttributes }) => ({ value, filteredAttributes }))).toEqual([
      { value: 4, filteredAttributes: { room_id: "fast", user_agent: "web/1" } },
      { value: 900, filteredAttributes: { room_id: "slow", user_agent: "web/1" } },
    ]);
    const slow = spans().find((span) => span.name === "slow");
    expect(point?.exemplars[1]).toMatchObject({ traceId: slow?.traceId, spanId: slow?.spanId });
  });

  it("stay with their own series, meter and instrument kind", async () => {
    await exported(() =>
      tracer().startActiveSpan("work", (span) => {
        meter().createCounter("events").add(1, { kind: "a", shard: 1 });
        meter().createCounter("events").add(5, { shard: 1, kind: "b" });
        metrics.getMeter("other").createUpDownCounter("events").add(-3);
        meter().createGauge("level").record(-2.5);
        span.end();
      }),
    );
    const values = points().map(({ name, attributes, exemplars }) => [name, attributes["kind"], exemplars.map(({ value }) => value)]);
    expect(values).toEqual([
      ["events", "a", [1]],
      ["events", "b", [5]],
      ["level", undefined, [-2.5]],
      ["events", undefined, [-3]],
    ]);
  });

  it("are not made outside a span, nor for what the SDK does not count", async () => {
    await exported(() => {
      const latency = meter().createHistogram("latency");
      latency.record(5);
      tracer().startActiveSpan("work", (span) => {
        latency.record(-1);
        span.end();
      });
    });
    expect(points()).toMatchObject([{ name: "latency", exemplars: [] }]);
  });
});

describe("sampling", () => {
  it("takes the rate from a server, keeps to decisions of callers, and makes no traces of its own", async () => {
    let samplingRate = 0;
    const suppressed: boolean[] = [];
    const services: (string | null)[] = [];
    let unanswered: AbortSignal | undefined;
    let answers = true;
    vi.stubGlobal("fetch", async (url: string, { signal }: { signal: AbortSignal }) => {
      if (!answers) return new Promise(() => (unanswered = signal));
      suppressed.push(isTracingSuppressed(context.active()));
      services.push(new URL(url).searchParams.get("service"));
      return Response.json({ strategyType: "PROBABILISTIC", probabilisticSampling: { samplingRate } });
    });
    await exported(
      async () => {
        await vi.waitUntil(() => services.length > 1);
        tracer().startActiveSpan("at 0", (span) => span.end());
        const traceparent = `00-${"1".repeat(32)}-${"1".repeat(16)}-01`;
        const caller = propagation.extract(context.active(), { traceparent });
        tracer().startActiveSpan("called", {}, caller, (span) => span.end());
        samplingRate = 1;
        const asked = services.length;
        await vi.waitUntil(() => services.length > asked + 1);
        tracer().startActiveSpan("at 1", (span) => span.end());
        answers = false;
        await vi.waitUntil(() => unanswered);
      },
      { sampling: { endpoint: "http://localhost:5778", pollingIntervalMs: 5 } },
    );
    expect(spans().map(({ name }) => name)).toEqual(["called", "at 1"]);
    expect([new Set(services), new Set(suppressed)]).toEqual([new Set(["chat"]), new Set([true])]);
    expect(unanswered?.aborted).toBe(true);
  });
});
