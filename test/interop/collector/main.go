// A real OpenTelemetry Collector for the interoperability tests and the benchmarks: the stock receiver, processors, connectors and exporters that
// stand on both sides of a sidecar, and an exporter that prints every batch as one line of OTLP/JSON on standard output, with the signal in front.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"sync"

	"github.com/open-telemetry/opentelemetry-collector-contrib/connector/spanmetricsconnector"
	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/redactionprocessor"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/debugexporter"
	"go.opentelemetry.io/collector/exporter/otlpexporter"
	"go.opentelemetry.io/collector/exporter/otlphttpexporter"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/batchprocessor"
	"go.opentelemetry.io/collector/processor/memorylimiterprocessor"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/service/telemetry/otelconftelemetry"
)

func main() {
	settings := otelcol.CollectorSettings{
		BuildInfo: component.BuildInfo{Command: "interop-collector", Version: "0"},
		Factories: factories,
		ConfigProviderSettings: otelcol.ConfigProviderSettings{
			ResolverSettings: confmap.ResolverSettings{
				DefaultScheme:     "yaml",
				ProviderFactories: []confmap.ProviderFactory{yamlprovider.NewFactory(), fileprovider.NewFactory()},
			},
		},
	}
	if err := otelcol.NewCommand(settings).Execute(); err != nil {
		log.Fatal(err)
	}
}

func factories() (otelcol.Factories, error) {
	result := otelcol.Factories{Telemetry: otelconftelemetry.NewFactory()}
	var err error
	if result.Receivers, err = otelcol.MakeFactoryMap[receiver.Factory](otlpreceiver.NewFactory()); err != nil {
		return result, err
	}
	if result.Processors, err = otelcol.MakeFactoryMap[processor.Factory](
		batchprocessor.NewFactory(), memorylimiterprocessor.NewFactory(), redactionprocessor.NewFactory(),
	); err != nil {
		return result, err
	}
	if result.Connectors, err = otelcol.MakeFactoryMap[connector.Factory](spanmetricsconnector.NewFactory()); err != nil {
		return result, err
	}
	if result.Exporters, err = otelcol.MakeFactoryMap[exporter.Factory](
		debugexporter.NewFactory(), linesFactory(), otlpexporter.NewFactory(), otlphttpexporter.NewFactory(),
	); err != nil {
		return result, err
	}
	result.Extensions, err = otelcol.MakeFactoryMap[extension.Factory](filestorage.NewFactory())
	return result, err
}
func linesFactory() exporter.Factory {
	return exporter.NewFactory(
		component.MustNewType("lines"),
		func() component.Config { return &struct{}{} },
		exporter.WithTraces(newLinesTraces, component.StabilityLevelDevelopment),
		exporter.WithMetrics(newLinesMetrics, component.StabilityLevelDevelopment),
		exporter.WithLogs(newLinesLogs, component.StabilityLevelDevelopment),
	)
}

// lines implements component.Component; each signal adds its Consume method.
type lines struct{}

func (lines) Start(context.Context, component.Host) error { return nil }
func (lines) Shutdown(context.Context) error              { return nil }
func (lines) Capabilities() consumer.Capabilities         { return consumer.Capabilities{} }

type tracesLines struct{ lines }
type metricsLines struct{ lines }
type logsLines struct{ lines }

func newLinesTraces(context.Context, exporter.Settings, component.Config) (exporter.Traces, error) {
	return tracesLines{}, nil
}

func newLinesMetrics(context.Context, exporter.Settings, component.Config) (exporter.Metrics, error) {
	return metricsLines{}, nil
}

func newLinesLogs(context.Context, exporter.Settings, component.Config) (exporter.Logs, error) {
	return logsLines{}, nil
}

func (tracesLines) ConsumeTraces(_ context.Context, td ptrace.Traces) error {
	return printLine("traces", func() ([]byte, error) { return (&ptrace.JSONMarshaler{}).MarshalTraces(td) })
}

func (metricsLines) ConsumeMetrics(_ context.Context, md pmetric.Metrics) error {
	return printLine("metrics", func() ([]byte, error) { return (&pmetric.JSONMarshaler{}).MarshalMetrics(md) })
}

func (logsLines) ConsumeLogs(_ context.Context, ld plog.Logs) error {
	return printLine("logs", func() ([]byte, error) { return (&plog.JSONMarshaler{}).MarshalLogs(ld) })
}

var stdout sync.Mutex

func printLine(signal string, marshal func() ([]byte, error)) error {
	text, err := marshal()
	if err != nil {
		return err
	}
	stdout.Lock()
	defer stdout.Unlock()
	_, err = fmt.Fprintf(os.Stdout, "%s %s\n", signal, text)
	return err
}
