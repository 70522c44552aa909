import { fieldsOf, isFields, listOf, textOf } from '../fields.ts'

/**
 * Arguments of a function call that Gemini 3 streams in parts: each says where in the arguments it belongs (a JSON path) and what is there;
 * a text can come in several.
 */
export class PartialArguments {
  readonly #root: Record<string, unknown> = {}
  #parts = 0

  add(partialArgs: unknown): void {
    for (const part of listOf(partialArgs).map(fieldsOf)) {
      this.#parts += 1
      const path = pathOf(textOf(part['jsonPath']) ?? '')
      if (path.length > 0 && path.length <= DEPTH_MAX && this.#parts <= PARTS_MAX) put(this.#root, path, valueOf(part))
    }
  }

  get value(): unknown {
    return this.#root
  }
}

/** Parts of one call that are put together. */
const PARTS_MAX = 65_536
/** Nesting of arguments. */
const DEPTH_MAX = 64
/** Elements of a list in arguments. */
const ELEMENTS_MAX = 65_536

type Step = string | number

/** `$.a.b[0]['c d']` */
const pathOf = (path: string): Step[] =>
  [...path.matchAll(/\.([^.[\]]+)|\[(\d+)\]|\['([^']*)'\]|\["([^"]*)"\]/g)].map(
    ([, name, index, quoted, doubleQuoted]): Step =>
      index === undefined ? (name ?? quoted ?? doubleQuoted ?? '') : Number(index),
  )

function valueOf(part: Readonly<Record<string, unknown>>): unknown {
  const { stringValue, numberValue, boolValue } = part
  return stringValue ?? numberValue ?? boolValue ?? null
}

function put(root: Record<string, unknown>, path: readonly Step[], value: unknown): void {
  let place: Record<Step, unknown> = root
  for (const [depth, step] of path.entries()) {
    if (step === '__proto__' || (typeof step === 'number' && step >= ELEMENTS_MAX)) return
    const next = path[depth + 1]
    if (next === undefined) {
      const before = place[step]
      place[step] = typeof before === 'string' && typeof value === 'string' ? before + value : value
    } else {
      const inner = place[step]
      const made: Record<Step, unknown> = isContainer(inner) ? inner : typeof next === 'number' ? Object([]) : {}
      place[step] = made
      place = made
    }
  }
}

const isContainer = (value: unknown): value is Record<Step, unknown> => isFields(value)
