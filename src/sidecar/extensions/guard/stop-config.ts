import * as z from 'zod'
import { duration } from '../../config-types.ts'
import type { SignalTimes } from './stop-progress.ts'

/** How a stop is carried out. */
export const stopConfig = z
  .strictObject({
    wait: duration
      .refine((ms) => ms <= 60_000, '60s at most')
      .prefault('12s')
      .describe('How long an order waits for the processes to confirm it; it answers as soon as all have.'),
    grace: duration
      .refine((ms) => ms <= 300_000, '5m at most')
      .prefault('5s')
      .describe(
        'A process that has not confirmed the stop of the fleet, its agent or its tenant gets SIGTERM after this time, and SIGKILL after it once more; half a second later where it does not answer at all.',
      ),
    signals: z
      .boolean()
      .default(true)
      .describe('`false`: processes are not signalled. They are only where a person stops, and on this host.'),
  })
  .prefault({})
  .describe('How stops are carried out.')

export const signalsOf = ({ grace, signals }: z.output<typeof stopConfig>): SignalTimes | undefined =>
  signals ? { graceMs: grace } : undefined
