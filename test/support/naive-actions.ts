import { createHash } from 'node:crypto'
import type { OtlpMessage, OtlpValue } from './otlp-reflection.ts'

/** An action of the attributes processor, as its configuration has it. */
export interface NaiveAction {
  readonly key?: string
  readonly action: string
  readonly value?: string | number | boolean
  readonly from_attribute?: string
  readonly default_value?: string
  readonly pattern?: string
  readonly converted_type?: string
}

const messages = (value: OtlpValue | undefined): OtlpMessage[] => (Array.isArray(value) ? (value as OtlpMessage[]) : [])

/** Calls back for each span, log record and data point of a decoded request, and for each group of a resource. */
export function visitItems(
  request: OtlpMessage,
  onItem: (item: OtlpMessage, around: { group: OtlpMessage; scope: OtlpMessage; metric?: OtlpMessage }) => void,
  onGroup: (group: OtlpMessage) => void = () => {},
): void {
  for (const kind of ['Spans', 'Metrics', 'Logs']) {
    for (const group of messages(request[`resource${kind}`])) {
      onGroup(group)
      for (const scope of messages(group[`scope${kind}`])) {
        for (const item of [...messages(scope['spans']), ...messages(scope['logRecords'])])
          onItem(item, { group, scope })
        for (const metric of messages(scope['metrics'])) {
          for (const data of ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'])
            for (const point of messages((metric[data] as OtlpMessage | undefined)?.['dataPoints']))
              onItem(point, { group, scope, metric })
        }
      }
    }
  }
}

/** What the actions make of `attributes`, written down without a thought for speed. A key that is there twice is there once when it was changed. */
export function naiveActions(actions: readonly NaiveAction[], holder: OtlpMessage): void {
  let attributes = messages(holder['attributes'])
  const keyOf = (attribute: OtlpMessage): string => String(attribute['key'] ?? '')
  const get = (key: string): OtlpMessage | undefined => {
    const found = attributes.find((attribute) => keyOf(attribute) === key)
    return found === undefined ? undefined : ((found['value'] ?? {}) as OtlpMessage)
  }
  const remove = (key: string): void => void (attributes = attributes.filter((attribute) => keyOf(attribute) !== key))
  const set = (key: string, value: OtlpMessage): void => {
    const at = attributes.findIndex((attribute) => keyOf(attribute) === key)
    if (at < 0) return void attributes.push({ key, value })
    attributes = attributes.filter((attribute, i) => i === at || keyOf(attribute) !== key)
    attributes[at] = { key, value }
  }
  for (const {
    key = '',
    action,
    value,
    from_attribute: from,
    default_value: otherwise,
    pattern = '',
    converted_type: to,
  } of actions) {
    const meant = new Set([
      ...(key === '' ? [] : [key]),
      ...attributes.map(keyOf).filter((name) => pattern !== '' && new RegExp(pattern).test(name)),
    ])
    const source =
      value === undefined ? ((from === undefined ? undefined : get(from)) ?? naiveValue(otherwise)) : naiveValue(value)
    const old = get(key)
    if (action === 'delete') for (const name of meant) remove(name)
    else if (action === 'hash') {
      for (const name of meant) {
        const held = get(name)
        if (held !== undefined && attributes.some((attribute) => keyOf(attribute) === name))
          set(name, { stringValue: naiveHash(held) })
      }
    } else if (action === 'extract') {
      const match = typeof old?.['stringValue'] === 'string' ? new RegExp(pattern, 'u').exec(old['stringValue']) : null
      for (const [name, text] of Object.entries(match?.groups ?? {})) set(name, { stringValue: text ?? '' })
    } else if (action === 'convert') {
      if (old !== undefined) {
        const converted = naiveConvert(old, to)
        if (converted !== undefined) set(key, converted)
      }
    } else if (source !== undefined && action !== (old === undefined ? 'update' : 'insert')) set(key, source)
  }
  if (attributes.length > 0 || 'attributes' in holder) holder['attributes'] = attributes
  if (attributes.length === 0) delete holder['attributes']
}

function naiveValue(value: string | number | boolean | undefined): OtlpMessage | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value }
}

const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex')

/** Only of what has one value of a simple kind. */
export function naiveHash(value: OtlpMessage): string {
  const { stringValue, boolValue, intValue, doubleValue, bytesValue } = value
  if (typeof stringValue === 'string') return stringValue === '' ? '' : sha256(stringValue)
  if (typeof boolValue === 'boolean') return sha256(Buffer.from([boolValue ? 1 : 0]))
  if (bytesValue instanceof Buffer) return bytesValue.length === 0 ? '' : sha256(bytesValue)
  const bytes = Buffer.alloc(8)
  if (intValue !== undefined) bytes.writeBigInt64LE(BigInt(String(intValue)))
  else if (doubleValue !== undefined) bytes.writeDoubleLE(Number(doubleValue))
  else return ''
  return sha256(bytes)
}

function naiveConvert(value: OtlpMessage, to: string | undefined): OtlpMessage | undefined {
  const { stringValue, boolValue, intValue, doubleValue, bytesValue } = value
  if (to === 'string') {
    if (stringValue !== undefined) return undefined
    if (bytesValue instanceof Buffer) return { stringValue: bytesValue.toString('base64') }
    return { stringValue: String(boolValue ?? intValue ?? doubleValue ?? '') }
  }
  if (boolValue !== undefined)
    return to === 'int' ? { intValue: boolValue ? '1' : '0' } : { doubleValue: boolValue ? 1 : 0 }
  if (to === 'int' && doubleValue !== undefined) {
    const number = Number(doubleValue)
    return Math.abs(number) < 2 ** 63 ? { intValue: String(BigInt(Math.trunc(number))) } : undefined
  }
  if (to === 'int' && typeof stringValue === 'string' && /^[+-]?\d{1,18}$/.test(stringValue))
    return { intValue: String(BigInt(stringValue.replace('+', ''))) }
  if (to === 'double' && intValue !== undefined) return { doubleValue: Number(intValue) }
  if (to === 'double' && typeof stringValue === 'string' && /^[+-]?\d+(\.\d+)?$/.test(stringValue))
    return { doubleValue: Number(stringValue) }
  return undefined
}
