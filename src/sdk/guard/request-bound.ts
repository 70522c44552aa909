import { callBound } from '../../limits/call-bound.ts'
import { fieldsOf } from '../../limits/call-bound/fields.ts'
import { limitRequest, readModelRequest } from '../../limits/call-bound/model-request.ts'
import { clampOutput, leastOutput } from '../../limits/clamp-output.ts'
import { jsonCopy } from '../../limits/json-copy.ts'
import { priceBoundOf } from '../prices.ts'
import type { CallBoundOptions } from '../../limits/call-bound.ts'
import type { ModelRequest } from '../../limits/call-bound/model-request.ts'
import type { GuardRules } from '../../control/guard-messages.ts'

/** A request to a model that is about to be sent. */
export interface OutgoingRequest {
  /** Of the URL, or of the API that a client library calls. */
  readonly path: string
  /** `gen_ai.provider.name`, where it is known. */
  readonly provider: string | undefined
  /** JSON, as text or as the object that becomes it. */
  readonly body: unknown
}

type Body = Readonly<Record<string, unknown>> | undefined

/** What a request can cost at most, in nano-USD, with the limits that it needs for that. */
export interface RequestBound {
  readonly model: string | undefined
  /** Undefined: nobody knows. */
  readonly amount: number | undefined
  /** Why not. */
  readonly reason: string
  /** The one that the amount is of: an object is a copy, which nobody changes while the call waits. Undefined: the text as it is. */
  readonly body: Body
  /** With the shortest answer that is of use; undefined where it is not to be shortened, or can't be. */
  readonly least: number | undefined
  /** The same request, with the longest answer that fits into so much; undefined where none does. */
  readonly within: (amount: number) => { readonly body: Body; readonly outputTokens: number } | undefined
}

/** A host that says nothing (a gateway, say) leaves it to whom the client library calls. */
export function requestBound(request: OutgoingRequest, provider: string | undefined, rules: GuardRules): RequestBound {
  const own = { ...request, body: ownBody(request.body) }
  const told = own.provider === undefined && provider !== undefined
  const bound = boundOf(told ? { ...own, provider } : own, rules)
  return told && bound.amount === undefined ? boundOf(own, rules) : bound
}

function boundOf({ path, provider, body }: OutgoingRequest, rules: GuardRules): RequestBound {
  const target = { path, provider }
  const request = readModelRequest(target, body)
  const model = request?.models[0]
  const options = { priceBoundOf, atMs: Date.now(), outputTokensDefault: rules.outputTokensDefault }
  const bound = callBound(request, options)
  const known = { model, least: undefined, within: () => undefined }
  if (!bound.isKnown) return { ...known, amount: undefined, reason: bound.reason, body: undefined }
  const limited = bound.limits === undefined ? undefined : limitRequest(target, body, bound.limits)
  if (bound.limits !== undefined && limited === undefined)
    return { ...known, amount: undefined, reason: 'output', body: undefined }
  const whole = {
    model,
    amount: bound.nanoUsd,
    reason: '',
    body: limited ?? (isText(body) ? undefined : fieldsOf(body)),
  }
  if (rules.onInsufficient !== 'clamp') return { ...known, ...whole }
  return { ...whole, ...shorter(request, options, (limits) => limitRequest(target, body, limits)) }
}

/** Text can't change, and whoever hands over bytes has copied them. What can't be copied has no bound. */
function ownBody(body: unknown): unknown {
  if (isText(body)) return body
  try {
    return jsonCopy(body)
  } catch {
    return undefined
  }
}

const isText = (body: unknown): boolean => typeof body === 'string' || body instanceof Uint8Array

function shorter(
  request: ModelRequest | undefined,
  options: CallBoundOptions,
  limit: (limits: Parameters<typeof limitRequest>[2]) => Body,
): Pick<RequestBound, 'least' | 'within'> {
  return {
    least: leastOutput(request, options)?.bound.nanoUsd,
    within: (amount) => {
      const clamped = clampOutput(request, options, amount)
      const body = clamped?.bound.limits === undefined ? undefined : limit(clamped.bound.limits)
      return clamped === undefined || body === undefined ? undefined : { body, outputTokens: clamped.outputTokens }
    },
  }
}
