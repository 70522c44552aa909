import { subscribe } from 'node:diagnostics_channel'
import { context } from '@opentelemetry/api'
import { isTracingSuppressed } from '@opentelemetry/core'
import { ambientOf } from '../context.ts'
import { isUnobserved } from './ai/model-method.ts'
import { endpointOf } from './endpoint.ts'
import { fieldsOf } from './fields.ts'
import { PlainExchange } from './plain-http/exchange.ts'
import { observeNodeError, observeNodeRequest, observeNodeResponse } from './plain-http/node-http.ts'
import { isModelPath } from './plain-http/routes.ts'
import { observeUndici } from './plain-http/undici.ts'
import type { SdkContext } from './instrumentation.ts'
import type { Target } from './plain-http/exchange.ts'

/** The name by which it is switched off, as a library (`OTEL_NODE_DISABLED_INSTRUMENTATIONS`). */
export const PLAIN_HTTP = 'plain-http'

/**
 * Model calls that no client library makes that we know: `fetch` and undici, node:http and what is built on it (axios, got, node-fetch), a
 * bundled client. They are seen where the bytes pass, by Node's diagnostics channels: `fetch` stays what it is, nothing is read that the
 * caller does not read, and nothing is copied but what the span is made of. Only requests to hosts of known providers and to `hosts`
 * (`SPANWARDEN_MODEL_HOSTS`), and of these the APIs that call a model. A request inside an observed call is part of that call.
 */
export function observePlainHttp(sdk: SdkContext, hosts: readonly string[]): void {
  const begin = (target: Target): PlainExchange | undefined => beginExchange(target, hosts, sdk)
  const on = (channel: string, handle: (message: unknown) => void): void =>
    subscribe(channel, (message) => {
      try {
        handle(message)
      } catch (error) {
        sdk.fault('plain http', error)
      }
    })
  observeUndici(on, begin)
  on('http.client.request.created', (message) => observeNodeRequest(fieldsOf(message)['request'], begin))
  on('http.client.request.error', (message) => observeNodeError(fieldsOf(message)))
  on('http.client.response.finish', (message) => observeNodeResponse(fieldsOf(message)))
}

/** The exchange to observe, if it is one. */
function beginExchange(target: Target, hosts: readonly string[], sdk: SdkContext): PlainExchange | undefined {
  if (target.method !== 'POST' || !isModelPath(target.path)) return undefined
  const endpoint = endpointOf(target.origin)
  const { address, port } = endpoint
  if (address === undefined) return undefined
  if (endpoint.provider === undefined && !hosts.includes(address) && !hosts.includes(`${address}:${port}`))
    return undefined
  const active = context.active()
  const { modelCall } = ambientOf(active)
  if (modelCall?.over === false || isTracingSuppressed(active) || isUnobserved(active)) return undefined
  return new PlainExchange(sdk, target, endpoint, active)
}
