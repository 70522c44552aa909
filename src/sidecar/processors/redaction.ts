import type { Edits } from '../../otlp/edits.ts'
import type { OtlpView } from '../../otlp/view.ts'
import { LIMIT_TYPE } from '../../redaction/placeholders.ts'
import type { RuleType } from '../../redaction/rule.ts'
import { defineProcessor } from '../component.ts'
import type { Counter } from '../component.ts'
import { buildNames } from './redaction/build-names.ts'
import { buildRedaction } from './redaction/build-redaction.ts'
import { redactBatch } from './redaction/redact-batch.ts'
import { redactionConfig, warningsOf } from './redaction/redaction-config.ts'

/**
 * Takes personal data and secrets out of every string of a batch: names, keys, values of all kinds and depths, JSON in strings, descriptions, bodies, and out of
 * numbers of attributes. Put it before everything that reads or keeps what passes.
 */
export const redaction = defineProcessor({
  type: 'redaction',
  summary:
    'Replaces personal data and secrets by placeholders such as [REDACTED:EMAIL], in every string of traces, metrics and logs. Takes the blocks of the stock collector, too.',
  signals: ['traces', 'metrics', 'logs'],
  config: redactionConfig,
  create(config, { id, metrics, clock, env, logger }) {
    const names = buildNames(config.names, { clock, logger })
    const built = buildRedaction(config, { clock, env }, names?.patterns)
    const { options } = built
    const action = (rule: RuleType): string => (config.dry_run ? 'none' : (options.actionOf?.(rule).kind ?? 'replace'))
    const counters = new Map<RuleType, Counter>()
    const counterOf = (rule: RuleType): Counter => {
      let counter = counters.get(rule)
      if (counter === undefined) {
        const help =
          'What was found, by rule and what was done with it; LIMIT: values masked as a whole because they took too much work.'
        counter = metrics.counter('spanwarden_redactions', help, { processor: id, rule, action: action(rule) })
        counters.set(rule, counter)
      }
      return counter
    }
    // The others begin with the first match: there are hundreds of rules.
    counterOf(LIMIT_TYPE)
    for (const warning of warningsOf(config)) logger.warn({}, warning)
    const summary = config.summary === undefined || config.summary === '' ? 'debug' : config.summary
    const redact = (view: OtlpView, edits: Edits): void =>
      redactBatch(built.redactor, view, edits, summary, (type) => counterOf(type).add(1), options)
    if (names === undefined) return { showsEdits: true, process: redact }
    return {
      showsEdits: true,
      prepare: (view) => names.prepare(view),
      process: (view, edits) => names.during(view, () => redact(view, edits)),
      stop: () => names.stop(),
    }
  },
})
