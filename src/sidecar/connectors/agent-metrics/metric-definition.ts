import { type MetricDefinition, METRICS } from '../../../conventions.ts'

/** The definition of a metric. Throws when conventions/ has none of that name. */
export function metricDefinition(name: string): MetricDefinition {
  const definition = METRICS[name]
  if (definition === undefined) throw new Error(`conventions: no metric ${name}`)
  return definition
}
