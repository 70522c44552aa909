import { ATTR_SPANWARDEN_COST_AMOUNT } from '../../../conventions.ts'
import { type SpanReader, wireId } from '../../../otlp/span-reader.ts'

/** What costs more is no call but a mistake, and must not spoil the sum. */
const CALL_COST_MAX_USD = 1e5

/** In US dollars, of the span as it came, or as the cost processor added it; undefined where no call costs that. */
export function costOf(reader: SpanReader): number | undefined {
  const cost = reader.number(COST_AMOUNT) ?? addedTo(reader)
  return cost === undefined || cost < 0 || cost > CALL_COST_MAX_USD ? undefined : cost
}

function addedTo({ view, span }: SpanReader): number | undefined {
  const added = view.appended(span).find(({ key }) => key === ATTR_SPANWARDEN_COST_AMOUNT)?.value
  return typeof added === 'number' ? added : undefined
}

const COST_AMOUNT = wireId(ATTR_SPANWARDEN_COST_AMOUNT)
