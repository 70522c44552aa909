import { context } from '@opentelemetry/api'
import { withAmbient } from '../context.ts'
import { GEN_AI_PROVIDER_NAME_VALUE_AWS_BEDROCK } from '../../conventions.ts'
import { fieldsOf, isFields, textOf } from '../instrumentation/fields.ts'
import { isFreePath } from './free-paths.ts'
import { isFreeMethod } from './model-target.ts'
import { ownBytes } from './own-bytes.ts'
import type { SdkContext } from '../instrumentation/instrumentation.ts'
import type { Fields } from '../instrumentation/fields.ts'
import type { ModelAttempt } from './model-attempt.ts'
import type { AdmittedRequest, ModelGate } from './model-gate.ts'

/**
 * Puts the guard into a client of @aws-sdk/client-bedrock-runtime: behind the retries, so that each attempt asks, and before the signature, which is made of the body that the
 * guard may have limited. What it throws is none of the errors that are repeated. The client sends over node:http2 or node:http, where the attempt is found again.
 */
export function guardAwsClient(client: unknown, gate: ModelGate, fault: SdkContext['fault']): void {
  if (!isFields(client) || guarded.has(client)) return
  const stack = fieldsOf(client['middlewareStack'])
  const { addRelativeTo } = stack
  if (typeof addRelativeTo !== 'function') return fault('guard: unknown AWS client', new TypeError('no addRelativeTo'))
  guarded.add(client)
  const middleware =
    (next: (args: unknown) => Promise<unknown>) =>
    async (args: unknown): Promise<unknown> => {
      const request = ownRequest(fieldsOf(fieldsOf(args)['request']))
      const admitted = await admit(gate, request)
      if (admitted === undefined) return next(args)
      const changed = admitted.body === undefined ? request : withBody(request, JSON.stringify(admitted.body))
      return sent(admitted.attempt, () => next({ ...fieldsOf(args), request: changed }))
    }
  const place = { relation: 'before', toMiddleware: 'httpSigningMiddleware', name: 'spanwardenGuardMiddleware' }
  Reflect.apply(addRelativeTo, stack, [middleware, place])
}

const guarded = new WeakSet<object>()

async function admit(gate: ModelGate, { method, path, body }: Fields): Promise<AdmittedRequest | undefined> {
  if (typeof path !== 'string' || isFreeMethod(String(method)) || isFreePath(path)) return void gate.checkFree()
  return gate.admit({ path, provider: GEN_AI_PROVIDER_NAME_VALUE_AWS_BEDROCK, body })
}

async function sent(attempt: ModelAttempt, send: () => Promise<unknown>): Promise<unknown> {
  try {
    return await context.with(withAmbient(context.active(), { admitted: { attempt } }), send)
  } catch (error) {
    const { httpStatusCode } = fieldsOf(fieldsOf(error)['$metadata'])
    if (typeof httpStatusCode === 'number') attempt.responded(httpStatusCode)
    attempt.failed(error)
    throw error
  }
}

/** Nobody else changes it while it waits. */
const ownRequest = (request: Fields): Fields => copyOf(request, { body: ownBytes(request['body']) })

/** The same request, with another body of the same kind. */
function withBody(request: Fields, text: string): Fields {
  const body = textOf(request['body']) === undefined ? Buffer.from(text) : text
  const headers = { ...fieldsOf(request['headers']), 'content-length': String(Buffer.byteLength(text)) }
  return copyOf(request, { headers, body })
}

const copyOf = (request: Fields, changed: Fields): Fields =>
  Object.assign(Object.create(Object.getPrototypeOf(request)), request, changed)
