import { context, metrics, propagation, trace } from "@opentelemetry/api";
import type { Attributes } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import {
  defaultResource,
  detectResources,
  envDetector,
  hostDetector,
  resourceFromAttributes,
  serviceInstanceIdDetector,
} from "@opentelemetry/resources";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { NodeSDK } from "@opentelemetry/sdk-node";
import type { NodeSDKConfiguration } from "@opentelemetry/sdk-node";
import { BatchSpanProcessor, ParentBasedSampler } from "@opentelemetry/sdk-trace";
import { exemplarMetricExporter } from "./exemplars/exemplar-metric-exporter.ts";
import type { ExemplarStore } from "./exemplars/exemplar-store.ts";
import { recordingMeterProvider } from "./exemplars/recording-meter-provider.ts";
import { systemClock } from "./health/health-clock.ts";
import { httpBase } from "./http-base.ts";
import { roomSpanProcessor } from "./room-span-processor.ts";
import { RemoteSampler } from "./sampling/remote-sampler.ts";
import type { SamplingOptions } from "./sampling/sampling-options.ts";

const DEFAULT_METRIC_INTERVAL_MS = 10_000;
const MAX_EXPORT_TIMEOUT_MS = 10_000;
const SPAN_DELAY_MS = 1000;

/** How an app's telemetry is set up. */
export interface TelemetryOptions {
  /** `service.name` of the resource. */
  readonly serviceName: string;
  /** Base address of an OTLP/HTTP receiver, such as `http://localhost:4318`; `/v1/traces` and `/v1/metrics` are appended. */
  readonly endpoint: string;
  /** Time between two metric exports, in milliseconds; default 10 000. An alert cannot come sooner than this. */
  readonly metricIntervalMs?: number;
  /** More resource attributes, such as `deployment.environment.name`. */
  readonly resourceAttributes?: Attributes;
  /** OpenTelemetry instrumentations; import the packages that they patch after this call, or preload this module. */
  readonly instrumentations?: NodeSDKConfiguration["instrumentations"];
  /** Takes the share of the traces that are recorded from a server; absent: `OTEL_TRACES_SAMPLER`, or all traces. */
  readonly sampling?: SamplingOptions;
}

/** Running telemetry. */
export interface Telemetry {
  /** Sends what is waiting, stops, and gives the global OpenTelemetry API back. Safe to call more than once. */
  shutdown(): Promise<void>;
}

/**
 * Starts OpenTelemetry for this process: traces and metrics over OTLP/HTTP, W3C trace context and baggage, context through
 * `AsyncLocalStorage`, `room_id` and `user_agent` of `withRoom` on every span, and exemplars on metrics. After it, the
 * plain `@opentelemetry/api` is all that an app needs. Throws when an address is not one of HTTP, or when OpenTelemetry
 * is already set up in this process.
 */
export function startTelemetry(options: TelemetryOptions): Telemetry {
  const { serviceName, metricIntervalMs = DEFAULT_METRIC_INTERVAL_MS, instrumentations = [] } = options;
  const base = httpBase(options.endpoint, "endpoint", "the collector's OTLP/HTTP address, such as http://localhost:4318");
  const sampler = remoteSampler(options);
  // Not the process detector: command lines hold secrets.
  const resource = defaultResource()
    .merge(detectResources({ detectors: [serviceInstanceIdDetector, hostDetector, envDetector] }))
    .merge(resourceFromAttributes({ ...options.resourceAttributes, "service.name": serviceName }));
  const store: ExemplarStore = new Map();
  const meterProvider = new MeterProvider({
    resource,
    readers: [
      new PeriodicExportingMetricReader({
        exporter: exemplarMetricExporter(`${base}/v1/metrics`, store),
        exportIntervalMillis: metricIntervalMs,
        exportTimeoutMillis: Math.min(metricIntervalMs, MAX_EXPORT_TIMEOUT_MS),
      }),
    ],
  });
  const sdk = new NodeSDK({
    resource,
    autoDetectResources: false,
    ...(sampler === undefined ? {} : { sampler: new ParentBasedSampler({ root: sampler }) }),
    spanProcessors: [
      roomSpanProcessor(),
      new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url: `${base}/v1/traces` }), scheduledDelayMillis: SPAN_DELAY_MS }),
    ],
    metricReaders: [],
    logRecordProcessors: [],
    instrumentations,
  });
  // Before the SDK starts: it hands the global meter provider to the instrumentations.
  if (!metrics.setGlobalMeterProvider(recordingMeterProvider(meterProvider, store, Date.now))) {
    void meterProvider.shutdown();
    throw new Error("OpenTelemetry is already set up in this process; call startTelemetry once, and in place of other set-up");
  }
  sdk.start();
  sampler?.start();
  let stopping: Promise<void> | undefined;
  const shutdown = (): Promise<void> => {
    sampler?.stop();
    return (stopping ??= stop(sdk, meterProvider));
  };
  return { shutdown };
}

function remoteSampler({ serviceName, sampling }: TelemetryOptions): RemoteSampler | undefined {
  if (sampling === undefined) return undefined;
  return new RemoteSampler(serviceName, sampling, { clock: systemClock, fetch: globalThis.fetch });
}

async function stop(sdk: NodeSDK, meterProvider: MeterProvider): Promise<void> {
  const results = await Promise.allSettled([sdk.shutdown(), meterProvider.shutdown()]);
  for (const api of [trace, metrics, context, propagation]) api.disable();
  for (const result of results) if (result.status === "rejected") throw result.reason;
}
