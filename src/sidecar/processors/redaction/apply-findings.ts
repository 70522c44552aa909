import type { Edits } from '../../../otlp/edits.ts'
import type { OtlpView } from '../../../otlp/view.ts'
import { REPLACE } from '../../../redaction/actions.ts'
import type { Action } from '../../../redaction/actions.ts'
import type { Redaction } from '../../../redaction/redactor.ts'
import { RefusedError } from '../../component.ts'
import type { Summary } from './item-summary.ts'
import { isItemOrPoint, isKeyValue, ITEM, kindOf, NUMBER, OPAQUE } from './node-kinds.ts'
import { replaceNumber } from './number-values.ts'

/** What was found in one node. */
export interface Finding {
  readonly node: number
  /** As node-kinds.ts has it. */
  readonly kind: number
  readonly found: readonly Redaction[]
  /** What a number becomes. */
  readonly text: string
}

/** Told of each thing found: its rule, the node that it stands in, and where there. */
export type OnFound = (type: Redaction['type'], node: number, redaction: Redaction) => void

export interface ApplyOptions {
  readonly summary: Summary
  readonly count: OnFound
  readonly actionOf?: (type: Redaction['type']) => Action
  readonly isDryRun: boolean
}

/** Does what is to be done with what was found, in the order of the nodes. Throws RefusedError when a rule blocks the request. */
export function applyFindings(
  findings: readonly Finding[],
  view: OtlpView,
  edits: Edits,
  { summary, count, actionOf = () => REPLACE, isDryRun }: ApplyOptions,
): void {
  /** Up to this node the batch was taken out. */
  let goneUntil = 0
  let itemEnd = 0
  for (const { node, kind, found, text } of findings) {
    if (node < goneUntil) continue
    if (node >= itemEnd) {
      const item = itemAround(view, node)
      if (item > 0) {
        summary.begin(item)
        itemEnd = view.next(item)
      }
    }
    for (const one of found) count(one.type, node, one)
    summary.add(node, found)
    if (isDryRun) continue
    const actions = found.map(({ type }) => actionOf(type))
    const blocked = found.find((_, i) => actions[i]?.kind === 'block')
    if (blocked !== undefined) throw refused(blocked)
    const dropped = nodeToDrop(view, node, actions)
    if (dropped < 0) replace(edits, view, { node, kind, found, text }, actions)
    else {
      const isItem = kindOf[view.field(dropped)] === ITEM
      edits.remove(dropped)
      goneUntil = view.next(dropped)
      if (isItem) summary.forget()
    }
  }
  summary.end()
}

function replace(edits: Edits, view: OtlpView, { node, kind, found, text }: Finding, actions: readonly Action[]): void {
  if (kind === NUMBER) {
    if (actions.some((action) => action.kind !== 'keep')) replaceNumber(view, edits, node, text)
    return
  }
  for (const [i, one] of found.entries()) {
    if (actions[i]?.kind === 'keep') continue
    edits.replaceRange(node, one.start, one.end, kind === OPAQUE ? asterisks(one) : one.replacement)
  }
}

/** The node that goes as a whole, or -1: what stands in no attribute can't go with it, and is replaced. */
function nodeToDrop(view: OtlpView, node: number, actions: readonly Action[]): number {
  const item = actions.some(({ kind }) => kind === 'drop_item') ? nodeAround(view, node, isItemOrPoint) : -1
  if (item >= 0) return item
  const hasAttribute = actions.some(({ kind }) => kind === 'drop_attribute')
  return hasAttribute ? nodeAround(view, node, isKeyValue) : -1
}

function nodeAround(view: OtlpView, node: number, isWanted: Uint8Array): number {
  for (let above = view.parent(node); above > 0; above = view.parent(above)) {
    if (isWanted[view.field(above)] === 1) return above
  }
  return -1
}

function itemAround(view: OtlpView, node: number): number {
  for (let above = view.parent(node); above > 0; above = view.parent(above)) {
    if (kindOf[view.field(above)] === ITEM) return above
  }
  return -1
}

const refused = ({ type }: Redaction): RefusedError =>
  new RefusedError('invalid', `refused: the request holds what the redaction rule ${type} blocks`)

const asterisks = ({ start, end }: Redaction): Uint8Array => new Uint8Array(end - start).fill(0x2a)
