import { subscribe } from 'node:diagnostics_channel'
import { context } from '@opentelemetry/api'
import { ambientOf } from '../context.ts'
import { fieldsOf, isFields, textOf } from '../instrumentation/fields.ts'
import { denialError } from './denial-error.ts'
import { stopDenial } from './guard.ts'
import { ruleOf } from './model-gate.ts'
import { modelTarget, takeAdmitted } from './model-target.ts'
import type { Denial } from './denial-error.ts'
import type { Guard } from './guard.ts'

/**
 * Requests of node:http to models: what is built on it (the AWS clients, axios, got, node-fetch) can't be made to wait here. So what memory can decide is decided: stops and
 * the lease. Where a budget is set they are denied, since nothing is held for them. A request that is denied is destroyed before its connection is made.
 */
export function guardNodeHttp(guard: Guard, hosts: readonly string[]): void {
  subscribe('http.client.request.created', (message) => {
    const { request } = fieldsOf(message)
    if (!isFields(request)) return
    try {
      check(guard, request, hosts)
    } catch (error) {
      refuse(guard, request, guard.failed('node:http', error))
    }
  })
}

function check(guard: Guard, request: Readonly<Record<string, unknown>>, hosts: readonly string[]): void {
  if (guard.mode === 'off') return
  const { path, method, protocol, host } = request
  const target = modelTarget(
    String(method),
    `${String(protocol)}//${hostOf(request) ?? String(host)}${String(path)}`,
    hosts,
  )
  if (target === undefined || takeAdmitted()) return
  const call = { scopes: guard.scopesOf(context.active()), model: ambientOf().modelCall?.model }
  const { rules } = guard
  const isUnpaid = rules?.hasBudgets === true && rules.unknownModel === 'deny'
  const denial = guard.denialOf(call) ?? (isUnpaid ? UNPAID : undefined)
  if (denial !== undefined) return refuse(guard, request, denial)
  const under = guard.underWay.begin(call, (stop) => destroy(request, stopDenial(stop)))
  const { once } = request
  if (under !== undefined && typeof once === 'function') Reflect.apply(once, request, ['close', under.end])
}

function refuse(guard: Guard, request: object, denial: Denial): void {
  const error = guard.refused(denial)
  const { modelCall } = ambientOf()
  modelCall?.decided({ decision: error === undefined ? 'warn' : 'deny', rule: ruleOf(denial) }, error)
  if (error !== undefined) destroy(request, denial)
}

function destroy(request: object, denial: Denial): void {
  const end: unknown = Reflect.get(request, 'destroy')
  if (typeof end === 'function') Reflect.apply(end, request, [denialError(denial)])
}

function hostOf(request: Readonly<Record<string, unknown>>): string | undefined {
  const { getHeader } = request
  return typeof getHeader === 'function' ? textOf(Reflect.apply(getHeader, request, ['host'])) : undefined
}

const UNPAID: Denial = {
  code: 'UNKNOWN_PRICE',
  rule: 'node:http',
  message:
    'a budget is set, and for requests to models over node:http (AWS clients, axios, got) nothing can be held: the call is denied. Use fetch or a client that does, or set unknown_model: allow',
}
