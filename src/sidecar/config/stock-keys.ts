/** What is said of a key that the stock collector has and we have not. */
export interface StockKey {
  readonly says: string
  /** The configuration is not accepted: without the key it would mean something else. */
  readonly isRefused: boolean
}
/** By path, with dots and without positions in lists. */
export type StockKeys = Readonly<Record<string, StockKey>>

const ignored = (says: string): StockKey => ({ says: `has no effect here: ${says}`, isRefused: false })
const refused = (says: string): StockKey => ({ says: `is not supported here: ${says}`, isRefused: true })

const under = (prefix: string, keys: StockKeys): StockKeys =>
  Object.fromEntries(Object.entries(keys).map(([key, what]) => [`${prefix}.${key}`, what]))

const buffers: StockKeys = {
  read_buffer_size: ignored('buffers grow with what comes'),
  write_buffer_size: ignored('buffers grow with what goes'),
}
const pem = refused('write it to a file, readable by its owner only, and name the file in the key that ends in _file')
const tls: StockKeys = {
  ca_pem: pem,
  cert_pem: pem,
  key_pem: pem,
  ca_file: refused('a listener asks for certificates of clients with client_ca_file'),
  insecure: ignored('a listener without tls is not encrypted, one with tls is'),
  cipher_suites: refused('those of Node.js are used; take the key out, or set min_version to "1.3"'),
  curve_preferences: refused('those of Node.js are used; take the key out'),
  max_version: ignored('the newest version that both sides know is spoken'),
  reload_interval: ignored('the files are read at the start and at a reload of the configuration'),
  client_ca_file_reload: ignored('the file is read at the start and at a reload of the configuration'),
  include_system_ca_certs_pool: refused('write the authorities that are trusted into one file and name it in ca_file'),
  tpm: refused('name the files of a certificate and its key instead, or let a stock collector in front do it'),
}
const middlewares = refused(
  'there are no middlewares; take the key out, and put a stock collector in front if one is needed',
)
const auth = refused(
  'a component without it would let anybody in, or send without credentials; use TLS with certificates, or for an exporter headers: {authorization: "Bearer ${file:…}"}',
)
const metadata = ignored('headers of requests are not kept, and no component reads them')

const grpcServer: StockKeys = {
  ...buffers,
  ...under('tls', tls),
  auth,
  middlewares,
  include_metadata: metadata,
  keepalive: ignored('connections without requests are closed and dead ones are noticed without it'),
}
const httpServer: StockKeys = {
  ...under('tls', tls),
  auth,
  middlewares,
  include_metadata: metadata,
  write_timeout: ignored('answers are small; a client that does not read them is closed by idle_timeout'),
  transport: refused('it listens on TCP; take the key out'),
  profiles_url_path: ignored('profiles are not taken in'),
}
const connection: StockKeys = { ...buffers, ...under('tls', tls), auth, middlewares }

const byMetadata = refused('headers of requests are not kept; name the topic itself, with one exporter for each')
const kafka: StockKeys = {
  ...under('tls', tls),
  ...under('auth.tls', tls),
  ...['traces', 'metrics', 'logs'].reduce<StockKeys>(
    (keys, signal) => ({
      ...keys,
      [`${signal}.topic_from_metadata_key`]: byMetadata,
      [`${signal}.message_key_from_metadata_key`]: byMetadata,
    }),
    {},
  ),
  profiles: ignored('profiles are not taken in'),
  topic_from_attribute: refused('write one exporter for each topic, behind a filter'),
  include_metadata_keys: metadata,
  'auth.kerberos': refused('use sasl, or a stock collector behind the sidecar'),
  'auth.sasl.aws_msk': refused('use SCRAM, or a stock collector behind the sidecar'),
  'auth.sasl.oauthbearer_token_source': refused('use SCRAM, or a stock collector behind the sidecar'),
  'record_partitioner.least_backup': refused('use sticky_key or round_robin'),
  'record_partitioner.extension': refused('use sticky_key or round_robin'),
}

const telemetryLogs = Object.fromEntries(
  ['development', 'disable_caller', 'disable_stacktrace', 'sampling', 'initial_fields'].map((key) => [
    `telemetry.logs.${key}`,
    ignored('lines have time, level, component and message'),
  ]),
)

/** By kind and type of the component; `sending_queue`, `retry_on_failure` and `service` for these parts. Looked at only for keys that our own schema does not have. */
export const STOCK_KEYS: Readonly<Record<string, StockKeys>> = {
  'receiver otlp': {
    ...under('protocols.grpc', grpcServer),
    ...under('protocols.http', httpServer),
    'protocols.arrow': refused('OTLP comes over grpc and http; take the key out'),
  },
  'exporter otlp_grpc': {
    ...connection,
    balancer_name: ignored('one connection is kept to each address, and opened anew when it breaks'),
    wait_for_ready: ignored('what can not be sent waits in the queue'),
    authority: refused('use tls.server_name_override, or the name itself as endpoint'),
    user_agent: ignored('it is spanwarden and its version'),
    keepalive: ignored('a dead connection is noticed by the timeout of its requests'),
  },
  'exporter otlp_http': {
    ...connection,
    proxy_url: refused(
      'this sidecar connects directly; name an address that it can reach, or a stock collector that uses the proxy',
    ),
    cookies: ignored('cookies are not kept'),
    max_idle_conns: ignored('connections that are not used are closed after idle_conn_timeout'),
    max_idle_conns_per_host: ignored('connections that are not used are closed after idle_conn_timeout'),
    disable_keep_alives: ignored('connections are kept for the next request'),
    force_attempt_http2: ignored('requests go over HTTP/1.1'),
    http2_read_idle_timeout: ignored('requests go over HTTP/1.1'),
    http2_ping_timeout: ignored('requests go over HTTP/1.1'),
    profiles_endpoint: ignored('profiles are not taken in'),
  },
  'exporter debug': {
    sampling_initial: ignored('every batch is printed'),
    sampling_thereafter: ignored('every batch is printed'),
    use_internal_logger: ignored('it prints to standard error'),
    output_paths: ignored('it prints to standard error'),
    sending_queue: ignored('it writes on this machine and has no queue'),
    retry_on_failure: ignored('it writes on this machine and has nothing to try again'),
  },
  'exporter prometheus': {
    resource_to_telemetry_conversion: refused('join with target_info where the attributes of a resource are needed'),
    resource_constant_labels: refused('join with target_info where the attributes of a resource are needed'),
    sending_queue: ignored('it is scraped and has no queue'),
    retry_on_failure: ignored('it is scraped and has nothing to try again'),
    ...under('tls', tls),
    auth,
    middlewares,
  },
  'exporter kafka': kafka,
  'exporter file': {
    sending_queue: ignored('it writes on this machine and has no queue'),
    retry_on_failure: ignored('it writes on this machine and has nothing to try again'),
  },
  'extension health_check': {
    ...httpServer,
    tls: refused('it answers without TLS and says nothing but whether the sidecar is ready; take the key out'),
    max_request_body_size: ignored('requests have no body that is read'),
    read_timeout: ignored('requests have 10 s'),
    read_header_timeout: ignored('requests have 10 s'),
    idle_timeout: ignored('idle connections have 5 s'),
    ...Object.fromEntries(
      ['use_v2', 'http', 'grpc', 'component_health'].map((key) => [
        key,
        refused('write endpoint and path; what each component says is under /health of service.http.endpoint'),
      ]),
    ),
  },
  sending_queue: {
    'batch.enabled': { says: 'false: requests are sent as they came', isRefused: false },
    blocking: ignored('its name is block_on_overflow now'),
  },
  service: {
    ...telemetryLogs,
    'telemetry.logs.output_paths': ignored('lines go to standard error; redirect that'),
    'telemetry.logs.error_output_paths': ignored('lines go to standard error; redirect that'),
    'telemetry.logs.processors': ignored('lines go to standard error; a collector reads them there'),
    'telemetry.metrics.readers': ignored(
      'own metrics are scraped at service.telemetry.metrics.address; only the host and port of a Prometheus reader are taken from it',
    ),
    'telemetry.metrics.views': ignored('own metrics come as they are; drop some when they are scraped'),
    'telemetry.traces': ignored('the sidecar has no traces of its own'),
    'telemetry.resource': ignored('own metrics have the labels that the scrape gives them'),
  },
}

/** What is said of a key of that component; undefined when the stock collector has no such key either. */
export function stockKey(keys: StockKeys | undefined, path: readonly (string | number)[]): StockKey | undefined {
  const text = path.filter((key) => typeof key === 'string').join('.')
  return Object.entries(keys ?? {}).find(([name]) => name === text)?.[1]
}
