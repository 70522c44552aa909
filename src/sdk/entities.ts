import { percentDecoded } from './environment-reader.ts'

/**
 * `OTEL_ENTITIES`: `type{id=…}[description=…]@schema;…` (OpenTelemetry specification, "Entity Data Model"). Ids and descriptions become resource
 * attributes, which is what they are on the wire; the reference that groups them is not sent. An entity that is not well-formed is left out.
 */
export function entityAttributes(text: string | undefined, warn: (line: string) => void): Record<string, string> {
  const attributes: Record<string, string> = {}
  for (const part of (text ?? '').split(';').map((entity) => entity.trim())) {
    if (part === '') continue
    const [, ids, descriptions] = ENTITY.exec(part) ?? []
    const pairs = ids === undefined ? undefined : pairsOf(`${ids},${descriptions ?? ''}`)
    if (pairs === undefined || pairs.length === 0)
      warn('OTEL_ENTITIES has an entity that is not type{key=value}[key=value]@schema, that one is ignored')
    else Object.assign(attributes, Object.fromEntries(pairs))
  }
  return attributes
}

const ENTITY = /^[A-Za-z][\w.-]*\{([^{}]*)\}(?:\[([^[\]]*)\])?(?:@\S+)?$/

function pairsOf(text: string): [string, string][] | undefined {
  const pairs: [string, string][] = []
  for (const part of text.split(',').map((pair) => pair.trim())) {
    if (part === '') continue
    const [, key, value] = /^([^=]+)=(.*)$/.exec(part) ?? []
    if (key === undefined || value === undefined) return undefined
    pairs.push([key.trim(), percentDecoded(value.trim())])
  }
  return pairs
}
