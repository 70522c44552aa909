// The comparison of preload.ts and call.ts: OpenTelemetry's own assembly with the exporter package for traces.
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { NodeSDK } from '@opentelemetry/sdk-node'

new NodeSDK({ traceExporter: new OTLPTraceExporter(), metricReaders: [], logRecordProcessors: [] }).start()
