import { createNoopMeter, type Meter } from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import type { TelemetryConfig } from "@tidemark/config";
import type { Clock, Random } from "@tidemark/core";
import { VERSION } from "../version.ts";
import { serveMetrics, type MetricsServer } from "./metrics-server.ts";
import { observeProcess } from "./process-metrics.ts";
import { prometheusText, type PrometheusNaming } from "./prometheus-text.ts";
import { PullReader } from "./pull-reader.ts";

/** The collector's own metrics: a meter for all, and the endpoints where they can be fetched. */
export interface Telemetry {
  readonly meter: Meter;
  /** Opens the scrape endpoints. Rejects, with all of them closed, when one port cannot be had. */
  start(): Promise<void>;
  shutdown(): Promise<void>;
  /** URLs of the open scrape endpoints. */
  endpoints(): readonly string[];
}

interface PullEndpoint extends PrometheusNaming {
  readonly host: string;
  readonly port: number;
  readonly option: string;
  readonly reader: PullReader;
}

/** Sets the collector's own telemetry up by `service::telemetry`. Nothing is opened before `start`. */
export function createTelemetry(config: TelemetryConfig, clock: Clock, random: Random): Telemetry {
  const endpoints = config.metrics.level === "none" ? [] : pullEndpoints(config);
  if (endpoints.length === 0) return { meter: createNoopMeter(), start: async () => {}, shutdown: async () => {}, endpoints: () => [] };
  const resource = resourceFromAttributes(resourceAttributes(config, random));
  const provider = new MeterProvider({ resource, readers: endpoints.map(({ reader }) => reader) });
  const meter = provider.getMeter("@tidemark/collector", VERSION);
  observeProcess(meter, clock);
  const servers: MetricsServer[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
  };
  return {
    meter,
    start: async () => {
      for (const endpoint of endpoints) {
        try {
          servers.push(
            await serveMetrics(endpoint, async () => prometheusText((await endpoint.reader.collect()).resourceMetrics, endpoint)),
          );
        } catch (caught) {
          await close();
          throw caught;
        }
      }
    },
    shutdown: async () => {
      await close();
      await provider.shutdown();
    },
    endpoints: () => servers.map(({ port }, index) => `http://${endpoints[index]?.host ?? ""}:${port}/metrics`),
  };
}

/** Settings that the configuration may hold, for the sake of the Collector's files, and that do nothing here. In words, for warnings. */
export function settingsWithoutEffect({ logs, metrics, traces }: TelemetryConfig): readonly string[] {
  const ignored: string[] = [];
  if (logs.processors.length > 0) ignored.push("logs::processors: the collector's own log is not exported; it goes to logs::output_paths");
  if (traces.processors.length > 0) ignored.push("traces::processors: the collector makes no traces of its own");
  if (metrics.views !== undefined) ignored.push("metrics::views: the collector's own metrics cannot be changed by views");
  metrics.readers.forEach((reader, index) => {
    if (reader.periodic !== undefined)
      ignored.push(`metrics::readers[${index}]: periodic readers send nothing; scrape a pull reader instead`);
  });
  return ignored;
}

function pullEndpoints({ metrics }: TelemetryConfig): PullEndpoint[] {
  return metrics.readers.flatMap(({ pull }, index) => {
    if (pull === undefined) return [];
    const option = `service::telemetry::metrics::readers[${index}]::pull::exporter::prometheus`;
    return [{ ...pull.exporter.prometheus, option, reader: new PullReader() }];
  });
}

function resourceAttributes(config: TelemetryConfig, random: Random): Record<string, string | number | boolean> {
  const standard = { "service.name": "tidemark", "service.version": VERSION, "service.instance.id": randomUuid(random) };
  const attributes: Record<string, string | number | boolean> = {};
  for (const [key, value] of Object.entries({ ...standard, ...config.resource })) if (value !== null) attributes[key] = value;
  return attributes;
}

/** RFC 9562 version 4, from the injected randomness. */
function randomUuid(random: Random): string {
  return "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx".replace(/[xy]/g, (place) => {
    const digit = Math.floor(random() * 16);
    return (place === "x" ? digit : (digit & 3) | 8).toString(16);
  });
}
