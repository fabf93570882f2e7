// Sends 20 spans, 20 log records and 5 data points with the OpenTelemetry SDK: Emit grpc|http ENDPOINT gzip|none SERVICE
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.exporter.otlp.http.logs.OtlpHttpLogRecordExporter;
import io.opentelemetry.exporter.otlp.http.metrics.OtlpHttpMetricExporter;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.exporter.otlp.logs.OtlpGrpcLogRecordExporter;
import io.opentelemetry.exporter.otlp.metrics.OtlpGrpcMetricExporter;
import io.opentelemetry.exporter.otlp.trace.OtlpGrpcSpanExporter;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.logs.SdkLoggerProvider;
import io.opentelemetry.sdk.logs.export.BatchLogRecordProcessor;
import io.opentelemetry.sdk.logs.export.LogRecordExporter;
import io.opentelemetry.sdk.metrics.SdkMeterProvider;
import io.opentelemetry.sdk.metrics.export.MetricExporter;
import io.opentelemetry.sdk.metrics.export.PeriodicMetricReader;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.util.List;
import java.util.concurrent.TimeUnit;

public class Emit {
  private static final AttributeKey<Long> INDEX = AttributeKey.longKey("index");

  public static void main(String[] args) {
    boolean grpc = args[0].equals("grpc");
    String endpoint = args[1];
    String compression = args[2];
    Resource resource = Resource.create(Attributes.of(AttributeKey.stringKey("service.name"), args[3]));

    SpanExporter spans = grpc
        ? OtlpGrpcSpanExporter.builder().setEndpoint(endpoint).setCompression(compression).build()
        : OtlpHttpSpanExporter.builder().setEndpoint(endpoint + "/v1/traces").setCompression(compression).build();
    SdkTracerProvider tracers = SdkTracerProvider.builder().setResource(resource).addSpanProcessor(BatchSpanProcessor.builder(spans).build()).build();
    for (long index = 0; index < 20; index++) {
      tracers.get("conformance").spanBuilder("span-" + index).setAttribute(INDEX, index).startSpan().end();
    }

    MetricExporter metrics = grpc
        ? OtlpGrpcMetricExporter.builder().setEndpoint(endpoint).setCompression(compression).build()
        : OtlpHttpMetricExporter.builder().setEndpoint(endpoint + "/v1/metrics").setCompression(compression).build();
    SdkMeterProvider meters = SdkMeterProvider.builder().setResource(resource).registerMetricReader(PeriodicMetricReader.create(metrics)).build();
    var counter = meters.get("conformance").counterBuilder("conformance.counter").build();
    for (long index = 0; index < 5; index++) counter.add(index + 1, Attributes.of(INDEX, index));

    LogRecordExporter logs = grpc
        ? OtlpGrpcLogRecordExporter.builder().setEndpoint(endpoint).setCompression(compression).build()
        : OtlpHttpLogRecordExporter.builder().setEndpoint(endpoint + "/v1/logs").setCompression(compression).build();
    SdkLoggerProvider loggers = SdkLoggerProvider.builder().setResource(resource).addLogRecordProcessor(BatchLogRecordProcessor.builder(logs).build()).build();
    for (long index = 0; index < 20; index++) {
      loggers.get("conformance").logRecordBuilder().setBody("record-" + index).setAttribute(INDEX, index).emit();
    }

    CompletableResultCode flushed = CompletableResultCode.ofAll(List.of(tracers.forceFlush(), meters.forceFlush(), loggers.forceFlush()));
    flushed.join(15, TimeUnit.SECONDS);
    CompletableResultCode.ofAll(List.of(tracers.shutdown(), meters.shutdown(), loggers.shutdown())).join(15, TimeUnit.SECONDS);
    System.exit(flushed.isSuccess() ? 0 : 1);
  }
}
