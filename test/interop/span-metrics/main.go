// The stock span_metrics connector, fed with one batch: what it sends after two flushes, as OTLP/JSON.
//
//	span-metrics '{"dimensions": […]}' < traces.pb
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/connector/spanmetricsconnector"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	ctx := context.Background()
	factory := spanmetricsconnector.NewFactory()
	config := factory.CreateDefaultConfig()
	raw := map[string]any{}
	if err := json.Unmarshal([]byte(os.Args[1]), &raw); err != nil {
		return err
	}
	raw["metrics_flush_interval"] = "300ms"
	if err := confmap.NewFromStringMap(raw).Unmarshal(config); err != nil {
		return err
	}
	sink := new(consumertest.MetricsSink)
	connector, err := factory.CreateTracesToMetrics(ctx, connectortest.NewNopSettings(factory.Type()), config, sink)
	if err != nil {
		return err
	}
	if err := connector.Start(ctx, nil); err != nil {
		return err
	}
	body, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	traces, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(body)
	if err != nil {
		return err
	}
	if err := connector.ConsumeTraces(ctx, traces); err != nil {
		return err
	}
	wanted := 2
	if delta, _ := raw["aggregation_temporality"].(string); delta == "AGGREGATION_TEMPORALITY_DELTA" {
		wanted = 1
	}
	for len(sink.AllMetrics()) < wanted {
		time.Sleep(5 * time.Millisecond)
	}
	json, err := (&pmetric.JSONMarshaler{}).MarshalMetrics(sink.AllMetrics()[wanted-1])
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(json)
	return err
}
