import { createNoopMeter, type Meter } from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { MeterProvider, type ScopeMetrics } from "@opentelemetry/sdk-metrics";
import type { TelemetryConfig } from "@tidemark/config";
import type { Clock, Random } from "@tidemark/core";
import { VERSION } from "../version.ts";
import { mergeMetrics } from "./merge-metrics.ts";
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
  /** The metrics of this process at this moment. */
  collect(): Promise<readonly ScopeMetrics[]>;
}

/** The place of this process among the processes of one collector. */
export interface TelemetryRole {
  /** Whether the scrape endpoints are opened here (standard), or elsewhere for this process too. */
  readonly serves?: boolean;
  /** The metrics of the other processes, a list for each, to be added to those of this one. */
  readonly others?: () => Promise<readonly (readonly ScopeMetrics[])[]>;
  /** Makes metrics that only this process has. */
  readonly observe?: (meter: Meter) => void;
}

const NO_TELEMETRY: Telemetry = {
  meter: createNoopMeter(),
  start: async () => {},
  shutdown: async () => {},
  endpoints: () => [],
  collect: async () => [],
};

interface PullEndpoint extends PrometheusNaming {
  readonly host: string;
  readonly port: number;
  readonly option: string;
  readonly reader: PullReader;
}

/** Sets the collector's own telemetry up by `service::telemetry`. Nothing is opened before `start`. */
export function createTelemetry(config: TelemetryConfig, clock: Clock, random: Random, role: TelemetryRole = {}): Telemetry {
  const endpoints = config.metrics.level === "none" ? [] : pullEndpoints(config);
  const [first] = endpoints;
  if (first === undefined) return NO_TELEMETRY;
  const { serves = true, others } = role;
  const resource = resourceFromAttributes(resourceAttributes(config, random));
  const provider = new MeterProvider({ resource, readers: endpoints.map(({ reader }) => reader) });
  const meter = provider.getMeter("@tidemark/collector", VERSION);
  observeProcess(meter, clock);
  role.observe?.(meter);
  const servers: MetricsServer[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
  };
  return {
    meter,
    start: async () => {
      for (const endpoint of serves ? endpoints : []) {
        try {
          servers.push(await serveMetrics(endpoint, () => pageOf(endpoint, others)));
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
    collect: async () => (await first.reader.collect()).resourceMetrics.scopeMetrics,
  };
}

/** What one endpoint answers. */
async function pageOf(endpoint: PullEndpoint, others: TelemetryRole["others"]): Promise<string> {
  const [{ resourceMetrics }, rest] = await Promise.all([endpoint.reader.collect(), others?.()]);
  if (rest === undefined) return prometheusText(resourceMetrics, endpoint);
  const scopeMetrics = [...mergeMetrics([resourceMetrics.scopeMetrics, ...rest])];
  return prometheusText({ resource: resourceMetrics.resource, scopeMetrics }, endpoint);
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
