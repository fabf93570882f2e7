import { createServer, type AddressInfo, type Server } from "node:net";
import type { TelemetryConfig } from "@tidemark/config";
import { seededRandom, VirtualClock } from "@tidemark/core/testing";
import { afterEach, describe, expect, it } from "vitest";
import { telemetryDefaults } from "../testing/telemetry-defaults.ts";
import { createTelemetry, type Telemetry } from "./create-telemetry.ts";

type Prometheus = NonNullable<TelemetryConfig["metrics"]["readers"][number]["pull"]>["exporter"]["prometheus"];

const PLAIN: Prometheus = { host: "127.0.0.1", port: 0, without_scope_info: true, without_units: true, without_type_suffix: true };

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

function telemetry(prometheus: Partial<Prometheus>, more: Partial<TelemetryConfig> = {}): Telemetry {
  const metrics: TelemetryConfig["metrics"] = {
    level: "normal",
    readers: [{ pull: { exporter: { prometheus: { ...PLAIN, ...prometheus } } } }],
  };
  const made = createTelemetry({ ...telemetryDefaults(), metrics, ...more }, new VirtualClock(), seededRandom());
  open.push(() => made.shutdown());
  return made;
}

async function scrape(made: Telemetry, path = "/metrics"): Promise<Response> {
  return fetch((made.endpoints()[0] ?? "").replace("/metrics", path));
}

describe("the collector's own metrics", () => {
  it("are served under the Collector's names, without suffixes", async () => {
    const made = telemetry({}, { resource: { "service.name": "edge", "service.version": null } });
    made.meter.createCounter("otelcol_exporter_sent_spans", { description: "Spans sent." }).add(7, { exporter: 'a"b\\c\nd' });
    await made.start();
    const response = await scrape(made);
    const text = await response.text();
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(text).toContain(
      '# HELP otelcol_exporter_sent_spans Spans sent.\n# TYPE otelcol_exporter_sent_spans counter\notelcol_exporter_sent_spans{exporter="a\\"b\\\\c\\nd"} 7\n',
    );
    expect(text).toMatch(/^otelcol_process_memory_rss [1-9]\d+$/m);
    expect(text).toMatch(/^otelcol_process_runtime_heap_alloc_bytes [1-9]\d+$/m);
    expect(text).toMatch(/^otelcol_process_cpu_seconds \d+(\.\d+)?$/m);
    expect(text).toMatch(/^otelcol_process_uptime 0$/m);
    expect(text).toMatch(
      /^target_info\{service_name="edge",service_instance_id="[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"\} 1$/m,
    );
    expect((await scrape(made, "/other")).status).toBe(404);
  });

  it("take suffixes, scope and resource labels when the configuration wants them", async () => {
    const wanted = { included: ["service.*"], excluded: ["service.instance.*", "service.version"] };
    const made = telemetry({
      without_scope_info: false,
      without_units: false,
      without_type_suffix: false,
      with_resource_constant_labels: wanted,
    });
    made.meter.createCounter("otelcol_wait", { unit: "s" }).add(2);
    await made.start();
    const text = await (await scrape(made)).text();
    expect(text).toMatch(
      /^otelcol_wait_seconds_total\{otel_scope_name="@tidemark\/collector",otel_scope_version="[\d.]+",service_name="tidemark"\} 2$/m,
    );
  });

  it("write histograms with cumulative buckets", async () => {
    const made = telemetry({});
    const histogram = made.meter.createHistogram("h", { advice: { explicitBucketBoundaries: [1, 2] } });
    for (const value of [0.5, 1.5, 1.6, 9]) histogram.record(value);
    await made.start();
    const text = await (await scrape(made)).text();
    expect(text).toContain('h_bucket{le="1"} 1\nh_bucket{le="2"} 3\nh_bucket{le="+Inf"} 4\nh_sum 12.6\nh_count 4\n');
  });

  it("are not kept at level none", async () => {
    const made = createTelemetry(telemetryDefaults(), new VirtualClock(), seededRandom());
    await made.start();
    expect(made.endpoints()).toEqual([]);
  });

  it("stop the start, naming the option, when the port is in use", async () => {
    const taken: Server = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    open.push(() => new Promise((resolve) => taken.close(resolve)));
    const { port } = taken.address() as AddressInfo;
    await expect(telemetry({ port }).start()).rejects.toThrow(
      `cannot serve the collector's own metrics on 127.0.0.1:${port}: the port is in use; set service::telemetry::metrics::readers[0]::pull::exporter::prometheus to another host or port, or service::telemetry::metrics::level to none`,
    );
  });
});
