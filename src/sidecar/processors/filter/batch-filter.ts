import type { Edits } from '../../../otlp/edits.ts'
import {
  childrenOf,
  ROLE_DATA,
  ROLE_GROUP,
  ROLE_ITEM,
  ROLE_METRIC,
  ROLE_POINT,
  ROLE_RESOURCE,
  ROLE_SCOPE,
  ROLE_SCOPE_GROUP,
} from '../../../otlp/roles.ts'
import { fieldId } from '../../../otlp/schema.ts'
import type { OtlpView } from '../../../otlp/view.ts'
import type { Context, Place } from './paths.ts'

/** Whether what stands at a place in its context is to be dropped; without an entry nothing is. */
export type Drops = Readonly<Partial<Record<Context, (place: Place) => boolean>>>

const EVENTS = fieldId('Span', 'events')

/** Drops resources, scopes, items and what is in them; what holds nothing any more goes as well. */
export class BatchFilter {
  readonly #drops: Drops
  readonly #view: OtlpView
  readonly #edits: Edits
  readonly #place: Place

  constructor(drops: Drops, view: OtlpView, edits: Edits) {
    this.#drops = drops
    this.#view = view
    this.#edits = edits
    this.#place = { view, resource: -1, scope: -1, span: -1, spanevent: -1, metric: -1, datapoint: -1, log: -1 }
  }

  run(): void {
    const view = this.#view
    const item: Context = view.signal === 'traces' ? 'span' : 'log'
    for (const group of childrenOf(view, 0, ROLE_GROUP)) {
      this.#place.resource = last(childrenOf(view, group, ROLE_RESOURCE))
      if (this.#isDropped('resource')) this.#edits.remove(group)
      else this.#each(group, ROLE_SCOPE_GROUP, (scopeGroup) => this.#scopeGroup(scopeGroup, item))
    }
  }

  /** True: it is to go. */
  #scopeGroup(scopeGroup: number, item: Context): boolean {
    const place = this.#place
    place.scope = last(childrenOf(this.#view, scopeGroup, ROLE_SCOPE))
    if (this.#isDropped('scope')) return true
    if (this.#view.signal === 'metrics')
      return this.#each(scopeGroup, ROLE_METRIC, (metric) => this.#metric(metric), false)
    return this.#each(
      scopeGroup,
      ROLE_ITEM,
      (node) => {
        place[item] = node
        if (this.#isDropped(item)) return true
        if (item === 'span' && this.#drops.spanevent !== undefined) this.#events(node)
        return false
      },
      false,
    )
  }

  #events(span: number): void {
    const view = this.#view
    const place = this.#place
    for (let c = view.first(span), end = view.next(span); c < end; c = view.next(c)) {
      if (view.field(c) !== EVENTS) continue
      place.spanevent = c
      if (this.#isDropped('spanevent')) this.#edits.remove(c)
    }
    place.spanevent = -1
  }

  #metric(metric: number): boolean {
    const place = this.#place
    place.metric = metric
    place.datapoint = -1
    if (this.#isDropped('metric')) return true
    if (this.#drops.datapoint === undefined) return false
    let isEmptied = false
    for (const data of childrenOf(this.#view, metric, ROLE_DATA)) {
      isEmptied = this.#each(
        data,
        ROLE_POINT,
        (point) => {
          place.datapoint = point
          return this.#isDropped('datapoint')
        },
        false,
      )
    }
    return isEmptied
  }

  #isDropped(context: Context): boolean {
    return this.#drops[context]?.(this.#place) === true
  }

  /** Removes the children that are to go, or the node itself when none is left; with `isOwn` false the caller does that. True: something was there, and is not. */
  #each(node: number, role: number, isDropped: (child: number) => boolean, isOwn = true): boolean {
    const dropped: number[] = []
    let kept = 0
    for (const child of childrenOf(this.#view, node, role)) {
      if (isDropped(child)) dropped.push(child)
      else kept++
    }
    const isEmptied = kept === 0 && dropped.length > 0
    if (!isEmptied) for (const child of dropped) this.#edits.remove(child)
    else if (isOwn) this.#edits.remove(node)
    return isEmptied
  }
}

function last(nodes: Iterable<number>): number {
  let found = -1
  for (const node of nodes) found = node
  return found
}
