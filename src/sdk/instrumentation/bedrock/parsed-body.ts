import { fieldsOf } from '../fields.ts'
import type { Fields } from '../fields.ts'

/** The JSON of a body that is bytes or a text; an empty object when it is none, or longer than is read. Nothing is consumed. */
export function parsedBody(body: unknown): Fields {
  const json = typeof body === 'string' ? body : textIn(body)
  if (json === undefined || json.length > BODY_CHARACTERS_MAX) return {}
  try {
    return fieldsOf(JSON.parse(json))
  } catch {
    return {}
  }
}

/** Longest body that is read, in characters. A request with inlined images can be longer: then its parameters are not known. */
const BODY_CHARACTERS_MAX = 1_048_576

function textIn(body: unknown): string | undefined {
  if (body instanceof ArrayBuffer) return textIn(new Uint8Array(body))
  if (!(body instanceof Uint8Array) || body.byteLength > BODY_CHARACTERS_MAX) return undefined
  return decoder.decode(body)
}

const decoder = new TextDecoder()
