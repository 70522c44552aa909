import type { ComponentName } from './check-components.ts'
import { nearest } from './nearest.ts'
import { CONTRIB, OTELCOL, REMOVED } from './stock-components.gen.ts'

type Kind = ComponentName['kind']

/** What to say of a type that no component has: the nearest that there is, or where the stock collector has it and how to chain to that. */
export function unknownComponent(type: string, kind: Kind, definitions: readonly ComponentName[]): string {
  const there = `there is no ${kind} ${type}`
  const section = `${kind}s`
  const removed = entry(entry(REMOVED, section), type)
  if (typeof removed === 'string') return `${type} ${removed}`
  const distribution = distributionOf(type, section)
  const own = definitions.filter((definition) => definition.kind === kind)
  if (distribution === undefined) {
    const known = own.flatMap((definition) => [definition.type, ...(definition.aliases ?? [])])
    const near = nearest(type, known)
    if (near !== undefined) return `${there}; did you mean ${near}?`
    const others = definitions.filter((definition) => definition.kind !== kind && definition.type === type)
    const [other] = others
    if (other !== undefined)
      return `${there}, but ${other.kind === 'extension' ? 'an' : 'a'} ${other.kind}; move it to ${other.kind}s`
    return `${there}, nor has the stock collector one; there are ${own.map((definition) => definition.type).join(', ')}`
  }
  return `${there} here, but ${distribution} has it: ${CHAIN[kind]}`
}

/** What to do with a component that only the stock collector has. */
const CHAIN: Readonly<Record<Kind, string>> = {
  receiver:
    'let that receive and send OTLP to the receiver otlp of this sidecar (collector-config/stock-in-front.yaml), and take this one out',
  processor:
    'send to it with the exporter otlp_grpc and let it process there (collector-config/stock-behind.yaml), and take this one out',
  connector:
    'send to it with the exporter otlp_grpc and let it connect there (collector-config/stock-behind.yaml), and take this one out',
  exporter:
    'name the exporter otlp_grpc here, and let that collector send on (collector-config/stock-behind.yaml); what speaks OTLP needs neither',
  extension:
    'take it out here; where a component needs it, run that collector beside this sidecar (collector-config/stock-behind.yaml)',
}

function distributionOf(type: string, section: string): string | undefined {
  const name = type.toLowerCase().replaceAll('_', '')
  const has = (list: object): boolean =>
    String(entry(list, section) ?? '')
      .split(' ')
      .includes(name)
  if (has(OTELCOL)) return 'the stock collector'
  return has(CONTRIB) ? 'the stock collector (otelcol-contrib)' : undefined
}

const entry = (map: unknown, key: string): unknown =>
  typeof map === 'object' && map !== null ? Object.entries(map).find(([name]) => name === key)?.[1] : undefined
