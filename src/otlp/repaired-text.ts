import { Edits } from './edits.ts'
import { utf8Size } from './json-text.ts'
import { fieldById, fieldIdMax } from './schema.ts'
import type { OtlpView } from './view.ts'
import { NODE_BODY, NODE_END, NODE_FIELD, NODE_SIZE } from './walk.ts'

const isString = Uint8Array.from({ length: fieldIdMax + 3 }, (_, id) => (fieldById(id)?.type === 'string' ? 1 : 0))

/**
 * The batch with every string in UTF-8, as Protocol Buffers demands: what is not becomes U+FFFD. The same bytes object when all is
 * well. Senders that cut texts by bytes send such strings, and a backend that checks refuses the whole batch for one of them.
 * Call it on a fresh view; when other bytes come back they need a view of their own.
 */
export function repairedText(view: OtlpView): Buffer {
  const { bytes, nodes, count } = view
  const first = -bytes.byteOffset & 3
  const size = Math.max(0, bytes.length - first) >> 2
  const words = new Int32Array(bytes.buffer, size === 0 ? 0 : bytes.byteOffset + first, size)
  let edits: Edits | undefined
  for (let at = 0; at < count * NODE_SIZE; at += NODE_SIZE) {
    if (isString[nodes[at + NODE_FIELD] as number] === 0) continue
    const body = nodes[at + NODE_BODY] as number
    const end = nodes[at + NODE_END] as number
    if (isAscii(bytes, words, first, body, end) || isUtf8(bytes, body, end)) continue
    edits ??= new Edits(view)
    edits.replace(at / NODE_SIZE, bytes.toString('utf8', body, end))
  }
  return edits?.apply() ?? bytes
}

function isAscii(bytes: Uint8Array, words: Int32Array, first: number, from: number, end: number): boolean {
  let seen = 0
  let at = from
  for (; at < end && ((at - first) & 3) !== 0; at++) seen |= bytes[at] as number
  const wordsEnd = (end - first) >> 2
  let word = (at - first) >> 2
  if (word < wordsEnd) {
    for (; word < wordsEnd; word++) seen |= words[word] as number
    at = first + (wordsEnd << 2)
  }
  for (; at < end; at++) seen |= bytes[at] as number
  return (seen & 0x80808080) === 0
}

function isUtf8(bytes: Uint8Array, from: number, end: number): boolean {
  for (let at = from; at < end;) {
    if ((bytes[at] as number) < 0x80) at++
    else {
      const size = utf8Size(bytes, at, end)
      if (size === 0) return false
      at += size
    }
  }
  return true
}
