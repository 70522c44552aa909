import * as z from 'zod'
import { duration } from '../../config-types.ts'

/** What stops by itself, beside loops: until a person resumes it. */
export interface StopOn {
  readonly hardCap: boolean
  readonly errorBurst: { readonly failures: number; readonly withinMs: number; readonly share: number } | undefined
}

const errorBurst = z.strictObject({
  failures: z.int().positive().max(1_000_000).default(50).describe('So many calls of one agent that failed …'),
  within: duration
    .refine((ms) => ms >= 10_000 && ms <= 86_400_000, '10s to 24h')
    .prefault('5m')
    .describe('… within this time …'),
  share: z.number().min(0).max(1).default(0.5).describe('… and at least this share of all its calls.'),
})

export const stopOnConfig = z
  .strictObject({
    hard_cap: z
      .boolean()
      .default(false)
      .describe(
        'A budget by day or hour that is spent stops its agent, tenant or fleet. Otherwise its model calls are denied until the window ends, and tools go on.',
      ),
    error_burst: errorBurst
      .optional()
      .describe(
        'Calls of models and tools that fail stop their agent; `{}` takes the defaults. An outage of a provider is one, too: it needs a person then.',
      ),
  })
  .prefault({})
  .describe('What stops by itself, beside loops, until a person resumes it. Nobody is signalled then.')

export const stopOnOf = ({ hard_cap, error_burst }: z.output<typeof stopOnConfig>): StopOn => ({
  hardCap: hard_cap,
  errorBurst:
    error_burst === undefined
      ? undefined
      : { failures: error_burst.failures, withinMs: error_burst.within, share: error_burst.share },
})
