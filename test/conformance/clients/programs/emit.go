// Sends 20 spans, 20 log records and 5 data points with the OpenTelemetry SDK: emit grpc|http HOST:PORT gzip|none SERVICE
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploggrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/metric"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func exporters(ctx context.Context, protocol, endpoint string, gzip bool) (sdktrace.SpanExporter, sdkmetric.Exporter, sdklog.Exporter) {
	if protocol == "grpc" {
		traceOptions := []otlptracegrpc.Option{otlptracegrpc.WithEndpoint(endpoint), otlptracegrpc.WithInsecure()}
		metricOptions := []otlpmetricgrpc.Option{otlpmetricgrpc.WithEndpoint(endpoint), otlpmetricgrpc.WithInsecure()}
		logOptions := []otlploggrpc.Option{otlploggrpc.WithEndpoint(endpoint), otlploggrpc.WithInsecure()}
		if gzip {
			traceOptions = append(traceOptions, otlptracegrpc.WithCompressor("gzip"))
			metricOptions = append(metricOptions, otlpmetricgrpc.WithCompressor("gzip"))
			logOptions = append(logOptions, otlploggrpc.WithCompressor("gzip"))
		}
		spans, err := otlptracegrpc.New(ctx, traceOptions...)
		check(err)
		metrics, err := otlpmetricgrpc.New(ctx, metricOptions...)
		check(err)
		logs, err := otlploggrpc.New(ctx, logOptions...)
		check(err)
		return spans, metrics, logs
	}
	traceOptions := []otlptracehttp.Option{otlptracehttp.WithEndpoint(endpoint), otlptracehttp.WithInsecure()}
	metricOptions := []otlpmetrichttp.Option{otlpmetrichttp.WithEndpoint(endpoint), otlpmetrichttp.WithInsecure()}
	logOptions := []otlploghttp.Option{otlploghttp.WithEndpoint(endpoint), otlploghttp.WithInsecure()}
	if gzip {
		traceOptions = append(traceOptions, otlptracehttp.WithCompression(otlptracehttp.GzipCompression))
		metricOptions = append(metricOptions, otlpmetrichttp.WithCompression(otlpmetrichttp.GzipCompression))
		logOptions = append(logOptions, otlploghttp.WithCompression(otlploghttp.GzipCompression))
	}
	spans, err := otlptracehttp.New(ctx, traceOptions...)
	check(err)
	metrics, err := otlpmetrichttp.New(ctx, metricOptions...)
	check(err)
	logs, err := otlploghttp.New(ctx, logOptions...)
	check(err)
	return spans, metrics, logs
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	protocol, endpoint, compression, service := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	spans, metrics, logs := exporters(ctx, protocol, endpoint, compression == "gzip")
	res := resource.NewSchemaless(attribute.String("service.name", service))

	tracers := sdktrace.NewTracerProvider(sdktrace.WithBatcher(spans), sdktrace.WithResource(res))
	tracer := tracers.Tracer("conformance")
	for index := 0; index < 20; index++ {
		_, span := tracer.Start(ctx, fmt.Sprintf("span-%d", index), trace.WithAttributes(attribute.Int("index", index)))
		span.End()
	}
	check(tracers.Shutdown(ctx))

	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewPeriodicReader(metrics)), sdkmetric.WithResource(res))
	counter, err := meters.Meter("conformance").Int64Counter("conformance.counter")
	check(err)
	for index := 0; index < 5; index++ {
		counter.Add(ctx, int64(index+1), metric.WithAttributes(attribute.Int("index", index)))
	}
	check(meters.Shutdown(ctx))

	loggers := sdklog.NewLoggerProvider(sdklog.WithProcessor(sdklog.NewBatchProcessor(logs)), sdklog.WithResource(res))
	logger := loggers.Logger("conformance")
	for index := 0; index < 20; index++ {
		var record log.Record
		record.SetTimestamp(time.Now())
		record.SetBody(log.StringValue(fmt.Sprintf("record-%d", index)))
		record.AddAttributes(log.Int("index", index))
		logger.Emit(ctx, record)
	}
	check(loggers.Shutdown(ctx))
}
