/** One environment variable and what becomes of it. */
export interface EnvironmentEntry {
  readonly name: string
  /** honoured: read. refused: set, it is named once on stderr. without effect: setting it changes nothing, and nothing is lost. */
  readonly status: 'honoured' | 'refused' | 'without effect'
  readonly default?: string
  readonly remark: string
}

const honoured = (name: string, fallback: string, remark: string): EnvironmentEntry => ({
  name,
  status: 'honoured',
  ...(fallback === '' ? {} : { default: fallback }),
  remark,
})
const refused = (name: string, remark: string): EnvironmentEntry => ({ name, status: 'refused', remark })
const idle = (name: string, remark: string): EnvironmentEntry => ({ name, status: 'without effect', remark })

const SIGNALS = ['TRACES', 'METRICS', 'LOGS'] as const

/** A variable of the exporter, and its form for each signal, which comes first. */
const perSignal = (suffix: string, fallback: string, remark: string): EnvironmentEntry[] => [
  honoured(`OTEL_EXPORTER_OTLP_${suffix}`, fallback, remark),
  ...SIGNALS.map((signal) =>
    honoured(
      `OTEL_EXPORTER_OTLP_${signal}_${suffix}`,
      '',
      suffix === 'HEADERS'
        ? `Added for ${signal.toLowerCase()}.`
        : `The same for ${signal.toLowerCase()}${suffix === 'ENDPOINT' ? ', as it stands, with its path' : ''}.`,
    ),
  ),
]

/**
 * Every variable that a user of OpenTelemetry or of this package expects to work in the agent. docs/environment.md is made of it, and a test compares
 * it with what the settings really read.
 */
export const ENVIRONMENT: readonly EnvironmentEntry[] = [
  honoured('OTEL_SDK_DISABLED', 'false', '`true`: nothing is observed and nothing sent.'),
  honoured(
    'OTEL_LOG_LEVEL',
    'info',
    'What is written to stderr: `none`, `error` (something was lost), `warn`, `info` (the start-up line), `debug`; `verbose` and `all` are `debug`.',
  ),
  honoured(
    'OTEL_SERVICE_NAME',
    'name in the nearest package.json, else of the script',
    'Wins over `OTEL_RESOURCE_ATTRIBUTES`.',
  ),
  honoured('OTEL_RESOURCE_ATTRIBUTES', '', '`key=value,key=value`, values percent-encoded.'),
  honoured(
    'OTEL_ENTITIES',
    '',
    '`type{id=…}[description=…]@schema;…`: its attributes become resource attributes; the reference that groups them is not sent.',
  ),
  honoured(
    'OTEL_NODE_RESOURCE_DETECTORS',
    'all',
    '`env`, `host`, `process`, `serviceinstance`, `all`, `none`; `os` is known and adds nothing. Others are refused.',
  ),
  honoured(
    'OTEL_PROPAGATORS',
    'tracecontext,baggage',
    'Also `none`. Others are refused; an OpenTelemetry SDK of the application brings its own.',
  ),
  honoured(
    'OTEL_TRACES_SAMPLER',
    'parentbased_always_on',
    '`always_on`, `always_off`, `traceidratio` and their `parentbased_` forms. Others are refused. The metrics are made of the spans that are left.',
  ),
  honoured('OTEL_TRACES_SAMPLER_ARG', '1', 'For `traceidratio`: 0 to 1.'),
  honoured(
    'OTEL_TRACES_EXPORTER',
    'otlp',
    '`otlp`, `console` (a line of JSON on stdout for each span, not redacted), `none`, or `otlp,console`. Others are refused: the sidecar sends on.',
  ),
  honoured(
    'OTEL_METRICS_EXPORTER',
    'otlp',
    '`otlp`, `none`. Others are refused: the sidecar has a Prometheus endpoint.',
  ),
  honoured('OTEL_LOGS_EXPORTER', 'otlp', '`otlp`, `none`. Others are refused.'),
  ...perSignal('ENDPOINT', 'http://127.0.0.1:4318', 'Base of the paths `v1/traces`, `v1/metrics`, `v1/logs`.'),
  ...perSignal(
    'PROTOCOL',
    'http/protobuf',
    '`http/protobuf`, `http/json`. `grpc` is refused: point the endpoint at the OTLP/HTTP port, usually 4318.',
  ),
  ...perSignal('HEADERS', '', '`key=value,key=value`, values percent-encoded.'),
  ...perSignal('TIMEOUT', '10000', 'Of one request, in ms.'),
  ...perSignal('COMPRESSION', 'none', '`gzip`, `none`.'),
  ...perSignal('CERTIFICATE', '', 'PEM file: whom to trust.'),
  ...perSignal('CLIENT_CERTIFICATE', '', 'PEM file: our own certificate.'),
  ...perSignal('CLIENT_KEY', '', 'PEM file: its key.'),
  idle('OTEL_EXPORTER_OTLP_INSECURE', 'For gRPC only; over HTTP the scheme of the endpoint decides.'),
  honoured(
    'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE',
    'cumulative',
    '`cumulative`, `delta`; `lowmemory` is taken for `delta`.',
  ),
  honoured(
    'OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION',
    'explicit_bucket_histogram',
    'Another one is refused.',
  ),
  honoured('OTEL_METRICS_EXEMPLAR_FILTER', 'always_off', 'Another one is refused.'),
  honoured('OTEL_METRIC_EXPORT_INTERVAL', '10000', 'In ms; the specification says 60000.'),
  honoured('OTEL_METRIC_EXPORT_TIMEOUT', '30000', 'In ms; the shorter of this and the exporter’s counts.'),
  honoured('OTEL_BSP_SCHEDULE_DELAY', '1000', 'In ms; the specification says 5000.'),
  honoured('OTEL_BSP_EXPORT_TIMEOUT', '30000', 'In ms; the shorter of this and the exporter’s counts.'),
  honoured('OTEL_BSP_MAX_QUEUE_SIZE', '2048', 'Spans; further ones are dropped, counted and told.'),
  honoured('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', '512', 'Spans of one request.'),
  honoured('OTEL_BLRP_SCHEDULE_DELAY', '1000', 'The same for events.'),
  honoured('OTEL_BLRP_EXPORT_TIMEOUT', '30000', 'The same for events.'),
  honoured('OTEL_BLRP_MAX_QUEUE_SIZE', '2048', 'The same for events.'),
  honoured('OTEL_BLRP_MAX_EXPORT_BATCH_SIZE', '512', 'The same for events.'),
  honoured('OTEL_ATTRIBUTE_COUNT_LIMIT', '128', 'Attributes of a span.'),
  honoured('OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT', 'none', 'Characters of a text.'),
  honoured('OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT', '128', 'Wins over the general one.'),
  honoured('OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT', 'none', 'Wins over the general one.'),
  honoured('OTEL_SPAN_EVENT_COUNT_LIMIT', '128', ''),
  honoured('OTEL_SPAN_LINK_COUNT_LIMIT', '128', ''),
  honoured('OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT', '128', ''),
  honoured('OTEL_LINK_ATTRIBUTE_COUNT_LIMIT', '128', ''),
  refused('OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT', 'The few events that are sent have limits of their own.'),
  refused('OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT', 'The few events that are sent have limits of their own.'),
  refused('OTEL_CONFIG_FILE', 'Use the other variables for the agent, `--config` for the sidecar.'),
  refused('OTEL_EXPERIMENTAL_CONFIG_FILE', 'Use the other variables for the agent, `--config` for the sidecar.'),
  refused('OTEL_NODE_EXPERIMENTAL_SDK_METRICS', 'The sidecar has metrics of its own queues at 127.0.0.1:8888/metrics.'),
  honoured(
    'OTEL_NODE_ENABLED_INSTRUMENTATIONS',
    'all',
    'Only these: `openai`, `@anthropic-ai/sdk`, or the last part of a name.',
  ),
  honoured(
    'OTEL_NODE_DISABLED_INSTRUMENTATIONS',
    '',
    'All but these. `plain-http`: calls that no known library makes.',
  ),
  honoured(
    'OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT',
    'false',
    '`true`, `false`, or `NO_CONTENT`, `SPAN_ONLY`, `EVENT_ONLY`, `SPAN_AND_EVENT`.',
  ),
  idle('OTEL_SEMCONV_STABILITY_OPT_IN', 'The newest names of the GenAI conventions are sent in any case.'),
  honoured(
    'SPANWARDEN_ATTACH',
    'on',
    '`off`: an OpenTelemetry SDK that the application starts after us gets none of the API’s globals.',
  ),
  honoured(
    'SPANWARDEN_MODEL_HOSTS',
    '',
    'Hosts (`host` or `host:port`) beside the known providers’ whose model calls over plain HTTP are observed.',
  ),
  honoured(
    'SPANWARDEN_GUARD',
    'auto',
    '`enforce`: calls that no sidecar allows are denied. `shadow`: nothing is denied but what a person stops. `off`: no limits. `auto`: as the sidecar says in `guard.json` of the state folder; none there: no limits until it is there.',
  ),
  honoured(
    'SPANWARDEN_CONTROL_ENDPOINT',
    '',
    '`host:port` of a sidecar’s guard with which no socket can be shared; limits hold then, unless `SPANWARDEN_GUARD` says otherwise. Otherwise `control.sock` in the state folder.',
  ),
  honoured('SPANWARDEN_CONTROL_TOKEN', '', 'What that sidecar wants to see.'),
  honoured('SPANWARDEN_TENANT', '', 'Whom this process works for: budgets and stops can name it.'),
  honoured('SPANWARDEN_PRICES_FILE', '', 'Prices that come before the built-in ones.'),
  honoured(
    'SPANWARDEN_SPOOL',
    'on',
    '`off`: what cannot be sent at the end of the process is not left in the state folder.',
  ),
  honoured('SPANWARDEN_STATE_DIR', '~/.local/state/spanwarden', 'State folder; `XDG_STATE_HOME` is honoured too.'),
  honoured(
    'SPANWARDEN_STREAM_USAGE_HOSTS',
    '',
    'Hosts beside the known ones whose streams are asked for their usage; `*`: all, `none`: no host.',
  ),
]

/** docs/environment.md. */
export const environmentPage = (): string =>
  [
    '<!-- Made of src/sdk/environment-table.ts by `UPDATE=1 vitest run src/sdk/environment-table.test.ts`. Do not edit. -->',
    '# Environment variables of the agent',
    '',
    'An empty variable counts as unset. A value that is not understood is named on stderr, once and without the value, and the default is used.',
    'Refused: setting the variable has no effect but one line on stderr that says what to use instead.',
    '',
    '| variable | | default | |',
    '| --- | --- | --- | --- |',
    ...ENVIRONMENT.map(
      (entry) =>
        `| \`${entry.name}\` | ${entry.status === 'honoured' ? '' : entry.status} | ${entry.default ?? ''} | ${entry.remark} |`,
    ),
    '',
  ].join('\n')
