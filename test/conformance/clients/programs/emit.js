// Sends 20 spans, 20 log records and 5 data points with the OpenTelemetry SDK: emit.js grpc|proto|json ENDPOINT gzip|none SERVICE
import { SeverityNumber } from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";

const [protocol, endpoint, compression, service] = process.argv.slice(2);
const packages = { grpc: "grpc", proto: "proto", json: "http" };
const load = (signal) => import(`@opentelemetry/exporter-${signal}-otlp-${packages[protocol]}`);
const [{ OTLPTraceExporter }, { OTLPMetricExporter }, { OTLPLogExporter }] = [
  await load("trace"),
  await load("metrics"),
  await load("logs"),
];
const options = (signal) => ({ url: protocol === "grpc" ? endpoint : `${endpoint}/v1/${signal}`, compression });
const resource = resourceFromAttributes({ "service.name": service });

const tracers = new TracerProvider({
  resource,
  spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter(options("traces")) })],
});
const tracer = tracers.getTracer("conformance");
for (let index = 0; index < 20; index += 1) tracer.startSpan(`span-${index}`, { attributes: { index } }).end();

const reader = new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter(options("metrics")), exportIntervalMillis: 3_600_000 });
const meters = new MeterProvider({ resource, readers: [reader] });
const counter = meters.getMeter("conformance").createCounter("conformance.counter");
for (let index = 0; index < 5; index += 1) counter.add(index + 1, { index });

const loggers = new LoggerProvider({
  resource,
  processors: [new BatchLogRecordProcessor({ exporter: new OTLPLogExporter(options("logs")) })],
});
const log = loggers.getLogger("conformance");
for (let index = 0; index < 20; index += 1)
  log.emit({ severityNumber: SeverityNumber.INFO, body: `record-${index}`, attributes: { index } });

for (const provider of [tracers, meters, loggers]) {
  await provider.forceFlush();
  await provider.shutdown();
}
