// An agent in Go: OpenTelemetry's own SDK sends a span, a metric and a log record, over HTTP or gRPC as the variable PROTOCOL says.
package main

import (
	"context"
	"log"
	"os"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploggrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	otellog "go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/metric"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

func main() {
	ctx := context.Background()
	spans, points, records := exporters(ctx)
	customer := os.Getenv("CUSTOMER")

	tracers := sdktrace.NewTracerProvider(sdktrace.WithBatcher(spans))
	_, span := tracers.Tracer("mine").Start(ctx, "chat gpt-5-mini", trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		attribute.String("gen_ai.operation.name", "chat"),
		attribute.String("gen_ai.provider.name", "openai"),
		attribute.String("gen_ai.request.model", "gpt-5-mini"),
		attribute.Int("gen_ai.usage.input_tokens", 1000),
		attribute.Int("gen_ai.usage.output_tokens", 100),
		attribute.StringSlice("note", []string{"call", customer}),
	))
	span.AddEvent("mail to " + customer)
	span.SetStatus(codes.Error, "no answer to "+customer)
	span.End()

	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewPeriodicReader(points)))
	counter, err := meters.Meter("mine").Int64Counter("mails")
	check(err)
	counter.Add(ctx, 1, metric.WithAttributes(attribute.String("to", customer)))

	loggers := sdklog.NewLoggerProvider(sdklog.WithProcessor(sdklog.NewBatchProcessor(records)))
	var record otellog.Record
	record.SetBody(attribute.StringValue("call " + customer))
	loggers.Logger("mine").Emit(ctx, record)

	check(tracers.Shutdown(ctx))
	check(meters.Shutdown(ctx))
	check(loggers.Shutdown(ctx))
}

func exporters(ctx context.Context) (sdktrace.SpanExporter, sdkmetric.Exporter, sdklog.Exporter) {
	if os.Getenv("PROTOCOL") == "grpc" {
		spans, err := otlptracegrpc.New(ctx)
		check(err)
		points, err := otlpmetricgrpc.New(ctx)
		check(err)
		records, err := otlploggrpc.New(ctx)
		check(err)
		return spans, points, records
	}
	spans, err := otlptracehttp.New(ctx)
	check(err)
	points, err := otlpmetrichttp.New(ctx)
	check(err)
	records, err := otlploghttp.New(ctx)
	check(err)
	return spans, points, records
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
