import { fieldId } from '../../../otlp/schema.ts'
import type { OtlpView } from '../../../otlp/view.ts'
import { NODE_FIELD, NODE_SIZE } from '../../../otlp/walk.ts'
import { isKeyValue } from './node-kinds.ts'

/** A shorter value holds no sentence, but perhaps a name: two letters are the shortest. */
const CONTENT_BYTES_MIN = 2
/** Of a longer key the end counts. */
const KEY_CHARS_MAX = 128

const STRING = fieldId('AnyValue', 'stringValue')
const STATUS = fieldId('Status', 'message')
const KEY = fieldId('KeyValue', 'key')
/** What is written by or for people as a whole, whatever it is called: attributes of events, bodies of log records. */
const CONTENT_PARENTS = new Set([
  fieldId('Event', 'attributes'),
  fieldId('LogRecord', 'body'),
  fieldId('LogRecord', 'attributes'),
])
/** Words in the keys of attributes with content: messages, arguments and results of tools, documents, errors, queries. */
const CONTENT_WORDS = wordsOf(
  'message messages content contents prompt prompts completion completions input inputs output outputs value values argument arguments args result results ' +
    'response request instruction instructions text texts body query question answer document documents transcript description summary comment comments note ' +
    'notes subject title parameters params payload thought thoughts reasoning stacktrace customer user person author sender recipient contact memory context',
)
/** What is none, although one of those words is in its key, by the last word. */
const NO_CONTENT = wordsOf(
  'id ids model type types version count tokens provider format mime encoding language role reason reasons hash url status code method size index temperature p k seed effort tier',
)

/** Strings of a batch in which people may be named: content, not the names of models, ids or services. By their node. */
export function contentNodes(view: OtlpView): number[] {
  const { nodes, count } = view
  const found: number[] = []
  const known = new Map<number, boolean>()
  for (let n = 1; n < count; n++) {
    const field = nodes[n * NODE_SIZE + NODE_FIELD] as number
    if (field !== STRING && field !== STATUS) continue
    if (view.end(n) - view.body(n) < CONTENT_BYTES_MIN) continue
    if (field === STATUS || isContent(view, n, known)) found.push(n)
  }
  return found
}

/** By the outermost attribute that the string stands in. */
function isContent(view: OtlpView, n: number, known: Map<number, boolean>): boolean {
  let attribute = -1
  for (let above = view.parent(n); above > 0; above = view.parent(above)) {
    const field = view.field(above)
    if (isKeyValue[field] === 1) attribute = above
    if (CONTENT_PARENTS.has(field) && isKeyValue[field] !== 1) return true
  }
  if (attribute < 0) return false
  let answer = known.get(attribute)
  if (answer === undefined) known.set(attribute, (answer = hasContentKey(view, attribute)))
  return answer
}

function hasContentKey(view: OtlpView, attribute: number): boolean {
  const keyNode = view.child(attribute, KEY)
  if (keyNode < 0) return true
  const key = view
    .text(keyNode)
    .slice(-KEY_CHARS_MAX)
    .replaceAll(/(\p{Ll})(?=\p{Lu})/gu, '$1_')
  const words = key.toLowerCase().split(/[^\p{L}]+/u)
  if (NO_CONTENT.has(words.at(-1) ?? '')) return false
  return CONTENT_PARENTS.has(view.field(attribute)) || words.some((word) => CONTENT_WORDS.has(word))
}

function wordsOf(text: string): ReadonlySet<string> {
  return new Set(text.split(' '))
}
