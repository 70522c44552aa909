import { context } from '@opentelemetry/api'
import { ambientOf, withAmbient } from '../context.ts'
import { modelTarget, takeAdmitted } from './model-target.ts'
import { ownBytes } from './own-bytes.ts'
import type { ModelAttempt } from './model-attempt.ts'
import type { ModelGate } from './model-gate.ts'
import type { ModelTarget } from './model-target.ts'

type Fetch = typeof globalThis.fetch

/**
 * A `fetch` that asks the guard before a request goes to a model, for the client libraries that have no place of their own for it, and for the agent's own requests. Anything else
 * goes to the original as it is, arguments and all.
 */
export function guardFetch(original: Fetch, gate: ModelGate, hosts: readonly string[]): Fetch {
  return function fetch(...args: Parameters<Fetch>): Promise<Response> {
    const target = gate.guard.mode === 'off' ? undefined : targetOf(args, hosts)
    if (target?.isFree === true) return free(original, args, gate)
    if (target === undefined || takeAdmitted()) return original(...args)
    return guarded(original, args, target, gate)
  }
}

function targetOf([input, init]: Parameters<Fetch>, hosts: readonly string[]): ModelTarget | undefined {
  const request = input instanceof Request ? input : undefined
  return modelTarget(init?.method ?? request?.method ?? 'GET', request?.url ?? String(input), hosts)
}

/** Once it is under way, the gate of undici looks after it. */
async function free(original: Fetch, args: Parameters<Fetch>, gate: ModelGate): Promise<Response> {
  gate.checkFree()
  return original(...args)
}

async function guarded(
  original: Fetch,
  [given, init]: Parameters<Fetch>,
  target: ModelTarget,
  gate: ModelGate,
): Promise<Response> {
  // What the caller changes while this waits is not sent: nobody has judged it.
  const request = given instanceof Request ? given : undefined
  const input = request ?? String(given)
  const own = ownInit(init)
  const body = own.body ?? (request === undefined ? undefined : await request.clone().text())
  const admitted = await gate.admit({ ...target, body: isReadable(body) ? body : undefined })
  if (admitted === undefined) return original(input, own)
  const { attempt } = admitted
  const text = admitted.body === undefined ? undefined : JSON.stringify(admitted.body)
  const signals = [attempt.controller.signal, own.signal ?? request?.signal].filter((signal) => signal != null)
  const changed: RequestInit = {
    ...own,
    signal: AbortSignal.any(signals),
    ...(text === undefined ? {} : { body: text }),
  }
  if (text !== undefined) changed.headers = withoutLength(own.headers ?? request?.headers)
  return settle(original, input, changed, attempt)
}

function ownInit(init: RequestInit = {}): RequestInit {
  const own = { ...init }
  if (own.headers !== undefined) own.headers = new Headers(own.headers)
  const body = ownBytes(own.body)
  if (body !== undefined) own.body = body
  return own
}

async function settle(
  original: Fetch,
  input: Parameters<Fetch>[0],
  init: RequestInit,
  attempt: ModelAttempt,
): Promise<Response> {
  const { modelCall } = ambientOf()
  const isObserved = modelCall?.over === false
  // Nobody may have a span for it yet: what is observed as plain HTTP takes it over.
  const slot = { attempt: isObserved ? undefined : attempt }
  try {
    const response = await context.with(withAmbient(context.active(), { admitted: slot }), () => original(input, init))
    attempt.responded(response.status)
    // Nobody will know what it cost.
    if (!isObserved && slot.attempt !== undefined) attempt.end(undefined)
    return response
  } catch (error) {
    attempt.failed(error)
    throw error
  }
}

const isReadable = (body: unknown): body is string | Uint8Array =>
  typeof body === 'string' || body instanceof Uint8Array

/** The body has become longer. */
function withoutLength(headers: RequestInit['headers']): Headers {
  const changed = new Headers(headers)
  changed.delete('content-length')
  return changed
}
