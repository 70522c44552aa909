import { expect, test } from 'vitest'
import { components } from '../../../test/support/all-components.ts'
import { componentSchema } from './editor-schema.ts'
import type { JsonSchema } from './editor-schema.ts'
import { STOCK_KEYS } from './stock-keys.ts'

/** Every key of the stock collector 0.159, from its own schemas (config.schema.yaml of the component, confighttp, configgrpc, configtls, queuebatch, configretry). */
const TLS =
  'tls.ca_file tls.ca_pem tls.cert_file tls.cert_pem tls.cipher_suites tls.curve_preferences tls.include_system_ca_certs_pool tls.key_file tls.key_pem tls.max_version tls.min_version tls.reload_interval tls.tpm'
const SERVER = `${TLS} tls.client_ca_file tls.client_ca_file_reload auth endpoint include_metadata middlewares transport`
const GRPC_SERVER = `${SERVER} keepalive.enforcement_policy.min_time keepalive.enforcement_policy.permit_without_stream keepalive.server_parameters.max_connection_age keepalive.server_parameters.max_connection_age_grace keepalive.server_parameters.max_connection_idle keepalive.server_parameters.time keepalive.server_parameters.timeout max_concurrent_streams max_recv_msg_size_mib read_buffer_size write_buffer_size`
const HTTP_SERVER = `${SERVER} compression_algorithms cors.allowed_headers cors.allowed_origins cors.exposed_headers cors.max_age idle_timeout keep_alives_enabled max_request_body_size read_header_timeout read_timeout response_headers write_timeout logs_url_path metrics_url_path traces_url_path`
const QUEUE =
  'sending_queue.batch.flush_timeout sending_queue.batch.max_size sending_queue.batch.min_size sending_queue.batch.partition sending_queue.batch.sizer sending_queue.block_on_overflow sending_queue.enabled sending_queue.num_consumers sending_queue.queue_size sending_queue.sizer sending_queue.storage sending_queue.wait_for_result retry_on_failure.enabled retry_on_failure.initial_interval retry_on_failure.max_elapsed_time retry_on_failure.max_interval retry_on_failure.multiplier retry_on_failure.randomization_factor'
const CLIENT = `${TLS} tls.insecure tls.insecure_skip_verify tls.server_name_override ${QUEUE} auth compression endpoint headers middlewares read_buffer_size timeout write_buffer_size`

const below = (prefix: string, keys: string): string[] => keys.split(' ').map((key) => `${prefix}${key}`)

const KEYS: Readonly<Record<string, readonly string[]>> = {
  'receiver otlp': [...below('protocols.grpc.', GRPC_SERVER), ...below('protocols.http.', HTTP_SERVER)],
  'exporter otlp_grpc': below('', `${CLIENT} authority balancer_name keepalive user_agent wait_for_ready`),
  'exporter otlp_http': below(
    '',
    `${CLIENT} compression_params cookies disable_keep_alives encoding force_attempt_http2 http2_ping_timeout http2_read_idle_timeout idle_conn_timeout logs_endpoint max_conns_per_host max_idle_conns max_idle_conns_per_host metrics_endpoint profiles_endpoint proxy_url traces_endpoint`,
  ),
  'exporter debug': below(
    '',
    'output_paths sampling_initial sampling_thereafter sending_queue use_internal_logger verbosity',
  ),
  'processor memory_limiter': below(
    '',
    'check_interval limit_mib spike_limit_mib limit_percentage spike_limit_percentage min_gc_interval_when_soft_limited min_gc_interval_when_hard_limited max_gc_interval_when_soft_limited max_gc_interval_when_hard_limited',
  ),
}

test.each(Object.entries(KEYS))('%s has each key of the stock collector, or says what to do about it', (name, keys) => {
  const component = components.find(({ kind, type }) => `${kind} ${type}` === name)
  const schema = component === undefined ? {} : componentSchema(component)
  const unknown = keys.filter((key) => !hasKey(schema, key.split('.')) && !isTold(name, key))
  expect(unknown).toEqual([])
})

const isTold = (component: string, key: string): boolean =>
  [STOCK_KEYS[component] ?? {}, queueKeys].some((keys) => key in keys)

const queueKeys = Object.fromEntries(
  Object.entries(STOCK_KEYS['sending_queue'] ?? {}).map(([key, what]) => [`sending_queue.${key}`, what]),
)

function hasKey(schema: JsonSchema, [key = '', ...rest]: readonly string[]): boolean {
  const alternatives = [schema, ...(schema.anyOf ?? [])].filter((one): one is JsonSchema => typeof one === 'object')
  const there = alternatives.map(({ properties }) => properties?.[key]).find((one) => one !== undefined)
  if (there === undefined) return false
  return rest.length === 0 || (typeof there === 'object' && ('ignored' in there || hasKey(there, rest)))
}
