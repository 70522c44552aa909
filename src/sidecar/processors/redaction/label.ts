import { WIRE_KEYS } from '../../../conventions.ts'
import { fieldId } from '../../../otlp/schema.ts'
import type { OtlpView } from '../../../otlp/view.ts'
import { isKeyValue } from './node-kinds.ts'

/** Of a longer key the end counts. */
export const LABEL_BYTES_MAX = 256
const PLACEHOLDER = '[REDACTED:'
const PSEUDONYM = /<[A-Z0-9_]+:[a-z2-7]{16}/
const KEY = fieldId('KeyValue', 'key')

/**
 * What the value is called: the key of its attribute, and those of the maps that it stands in, with dots between. `customer.phone` tells what `0151 23456789` is. Names of
 * the conventions that tell nothing of the kind are left out, unless `all` are wanted.
 */
export function labelOf(view: OtlpView, n: number, all: boolean): Uint8Array | undefined {
  let label: Uint8Array | undefined
  for (let above = view.parent(n); above > 0; above = view.parent(above)) {
    if (isKeyValue[view.field(above)] !== 1) continue
    if (!all && isSilent[view.keyId(above)] === 1) break
    const key = view.first(above)
    if (key >= n || view.field(key) !== KEY) continue
    const end = view.end(key)
    const own = view.bytes.subarray(Math.max(view.body(key), end - LABEL_BYTES_MAX), end)
    // `[REDACTED:PHONE]` says what the key was, not what the value is.
    if (own.includes(PLACEHOLDER) || (own.includes('<') && PSEUDONYM.test(own.toString('latin1')))) break
    if (label !== undefined && own.length + label.length >= LABEL_BYTES_MAX) break
    label = label === undefined ? own : Buffer.concat([own, DOT, label])
  }
  return label
}

/** By key id: names of the conventions that say nothing about what their values are to people. */
const isSilent = new Uint8Array(WIRE_KEYS.length + 1)
const telling = new Set(['user.id', 'session.id', 'mcp.session.id', 'client.address'])
for (const [index, key] of WIRE_KEYS.entries()) if (!telling.has(key)) isSilent[index + 1] = 1

const DOT = Buffer.from('.')
