"""Sends 20 spans, 20 log records and 5 data points with the OpenTelemetry SDK: emit.py grpc|http ENDPOINT gzip|none SERVICE"""
import logging
import sys

from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

protocol, endpoint, compression, service = sys.argv[1:5]
if protocol == "grpc":
    from grpc import Compression
    from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

    options = {"compression": Compression.Gzip if compression == "gzip" else Compression.NoCompression, "insecure": True}
    target = {"traces": endpoint, "metrics": endpoint, "logs": endpoint}
else:
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    options = {"compression": Compression.Gzip if compression == "gzip" else Compression.NoCompression}
    target = {signal: f"{endpoint}/v1/{signal}" for signal in ("traces", "metrics", "logs")}

resource = Resource.create({"service.name": service})

tracers = TracerProvider(resource=resource)
tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=target["traces"], **options)))
tracer = tracers.get_tracer("conformance")
for index in range(20):
    with tracer.start_as_current_span(f"span-{index}", attributes={"index": index}):
        pass

meters = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter(endpoint=target["metrics"], **options), 3_600_000)], resource)
counter = meters.get_meter("conformance").create_counter("conformance.counter")
for index in range(5):
    counter.add(index + 1, {"index": index})

loggers = LoggerProvider(resource)
loggers.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(endpoint=target["logs"], **options)))
log = loggers.get_logger("conformance")
for index in range(20):
    log.emit(timestamp=1_750_000_000_000_000_000 + index, severity_number=None, body=f"record-{index}", attributes={"index": index})

flushed = [tracers.force_flush(), meters.force_flush(), loggers.force_flush()]
tracers.shutdown()
meters.shutdown()
loggers.shutdown()
logging.shutdown()
sys.exit(0 if all(flushed) else 1)
