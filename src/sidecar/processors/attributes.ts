import * as z from 'zod'
import type { Edits } from '../../otlp/edits.ts'
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
} from '../../otlp/roles.ts'
import type { OtlpView } from '../../otlp/view.ts'
import { defineProcessor } from '../component.ts'
import { actionsConfig, hashFunctionConfig } from './attributes/action-config.ts'
import { actionPlan } from './attributes/action-plan.ts'
import { matchConfig } from './attributes/match-config.ts'
import { matcherOf } from './attributes/matcher.ts'
import type { Matcher, Place } from './attributes/matcher.ts'
import { WorkingAttributes } from './attributes/working-attributes.ts'

const config = z.strictObject({
  actions: actionsConfig,
  hash_function: hashFunctionConfig,
  include: matchConfig.optional().describe('Only what matches is changed.'),
  exclude: matchConfig.optional().describe('What matches is not changed, even when `include` means it.'),
})

/**
 * Changes the attributes of spans, log records and data points. What redaction has to see comes before it: whatever is inserted or copied here is looked
 * at by the processors behind.
 *
 *     processors:
 *       attributes:
 *         include: { match_type: strict, services: [desk] }
 *         actions:
 *           - { key: user.email, action: hash }
 *           - { key: http.url, action: extract, pattern: '^(?P<http_scheme>[a-z]+)://' }
 */
export const attributes = defineProcessor({
  type: 'attributes',
  summary: 'Inserts, updates, deletes, hashes, extracts and converts attributes of spans, log records and data points.',
  signals: ['traces', 'metrics', 'logs'],
  config,
  create({ include, exclude, ...options }) {
    const plan = actionPlan(options)
    const included: Matcher = include === undefined ? () => true : matcherOf(include)
    const excluded: Matcher = exclude === undefined ? () => false : matcherOf(exclude)
    return {
      process(view: OtlpView, edits: Edits) {
        const working = new WorkingAttributes(plan, view)
        for (const place of places(view)) {
          if (!included(view, place) || excluded(view, place)) continue
          working.read([place.item])
          plan.run(working)
          working.write(edits, place.item)
        }
      },
    }
  },
})

/** Every span, log record and data point, with what is around it. The same object each time. */
function* places(view: OtlpView): Generator<Place> {
  const place: Place = { resources: [], scope: -1, metric: -1, item: -1 }
  for (const group of childrenOf(view, 0, ROLE_GROUP)) {
    place.resources = [...childrenOf(view, group, ROLE_RESOURCE)]
    for (const scopeGroup of childrenOf(view, group, ROLE_SCOPE_GROUP)) {
      place.scope = [...childrenOf(view, scopeGroup, ROLE_SCOPE)].at(-1) ?? -1
      for (place.item of childrenOf(view, scopeGroup, ROLE_ITEM)) yield place
      for (place.metric of childrenOf(view, scopeGroup, ROLE_METRIC))
        for (const data of childrenOf(view, place.metric, ROLE_DATA))
          for (place.item of childrenOf(view, data, ROLE_POINT)) yield place
    }
  }
}
