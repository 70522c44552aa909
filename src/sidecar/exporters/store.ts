import * as z from 'zod'
import { storeService } from '../../store/embedded-store.ts'
import { defineExporter } from '../component.ts'
import { duration } from '../config-types.ts'

const MIB = 1024 * 1024

const config = z.strictObject({
  max_size_mib: z.int().min(8).default(512).describe('Size of the file; the oldest runs make room for new ones.'),
  max_age: duration.prefault('168h').describe('How long runs and metrics are kept.'),
  max_run_spans: z
    .int()
    .positive()
    .default(20_000)
    .describe('Spans kept of one run; further ones are dropped and counted.'),
})

/**
 * Keeps recent runs and the five metrics in `<state>/store.sqlite`, where the page reads them. Put redaction before it: what comes here is shown.
 *
 *     exporters:
 *       store:
 *         max_age: 24h
 */
export const store = defineExporter({
  type: 'store',
  summary: 'Keeps recent traces and metrics in a file of this host for the page.',
  signals: ['traces', 'metrics', 'logs'],
  delivery: 'local',
  config,
  create({ max_size_mib, max_age, max_run_spans }, context) {
    const embedded = context.service(storeService)
    const bytesMax = max_size_mib * MIB
    embedded.limit({ bytesMax, ageMsMax: max_age, spansPerRunMax: max_run_spans, bytesPerRunMax: bytesMax / 8 })
    let failing = false
    return {
      send({ signal, bytes }) {
        try {
          embedded.write(signal, bytes)
          failing = false
          return Promise.resolve({ outcome: 'sent' })
        } catch (error) {
          const reason = error instanceof Error ? error.message : 'unknown error'
          // The queue counts every lost batch; the log hears of the first.
          if (!failing)
            context.logger.error({ reason }, 'the store cannot write; the page lacks what comes from now on')
          failing = true
          return Promise.resolve({ outcome: 'rejected', reason })
        }
      },
    }
  },
})
