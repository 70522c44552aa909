import * as z from 'zod'
import { duration, endpoint } from '../config-types.ts'
import { MEASURED_CODES, STATE_CODES } from '../health.ts'

const lowerCase = <T extends string>(values: readonly [T, ...T[]]) =>
  z
    .preprocess((value) => (typeof value === 'string' ? value.toLowerCase() : value), z.enum(values))
    .meta({ caseless: true })

const names = z
  .array(z.string())
  .nullish()
  .transform((list) => list ?? [])

/** A key of the stock collector that means nothing here: lines that repeat are counted instead of written, and name no place in the code. */
const withoutEffect = <T extends z.ZodType>(schema: T) =>
  schema.optional().describe('Accepted for the stock collector; has no effect.')

/** What the `service` section refers to; checked against the components afterwards. */
export const referencesConfig = z.strictObject({
  extensions: names.describe('Extensions to start, in this order.'),
  pipelines: z
    .record(
      z.string(),
      z.strictObject({
        receivers: names.describe('Receivers, and connectors that other pipelines end in.'),
        processors: names.describe('Processors, in this order.'),
        exporters: names.describe('Exporters, and connectors that other pipelines begin with.'),
      }),
    )
    .prefault({})
    .describe(
      '`traces`, `metrics` or `logs`, with `/name` for further ones: where batches come from, what is done to them, where they go.',
    ),
})
export type ReferencesConfig = z.output<typeof referencesConfig>

const share = z.number().min(0).max(1)

/** From when on /health and /readyz say that something is not well. */
export const healthConfig = z.strictObject({
  success_share_min: share
    .default(0.95)
    .describe(
      'Of the recent runs of an agent fewer did not fail: `success_share`. Between `runs_min` failures and more.',
    ),
  success_share_unready: share
    .default(0.5)
    .describe('Of the runs within `failing_window` fewer did not fail, and at least `runs_min` did: `runs_failing`.'),
  failing_window: duration
    .prefault('2m')
    .describe(
      'Which runs say that an agent fails now; without one for so long it does not: one that gets no traffic could never show that it is well again.',
    ),
  latency_p99_max: duration
    .prefault('30s')
    .describe('More than 1 % of the recent runs, and at least `runs_min`, took longer: `latency_p99`.'),
  runs_window: duration.prefault('15m').describe('Which runs are recent; the newest 500 of an agent at least.'),
  runs_min: z.int().positive().default(5).describe('So many runs have to be bad before an agent is.'),
  heartbeat_age_max: duration
    .prefault('2m')
    .describe('Nothing came from an agent for so long, and it did not say that it ends: `agent_silent`.'),
  queue_age_max: duration.prefault('5m').describe('Something waits for longer in a queue: `queue_age`.'),
  export_lag_max: duration.prefault('5m').describe('A backend takes nothing for longer: `export_lag`.'),
  disk_free_min: z
    .int()
    .min(0)
    .default(256 * 1024 * 1024)
    .describe('Fewer bytes are free where the state folder is: `disk_space`.'),
  bad_after: duration
    .prefault('30s')
    .describe(
      'What is measured counts when it has been so for this long; before that nothing makes the sidecar unready.',
    ),
  good_after: duration.prefault('1m').describe('And counts until it has been well for this long.'),
  unready_on: z
    .array(z.enum([...STATE_CODES, ...MEASURED_CODES]))
    .default(['guard_closed'])
    .describe(
      'Reasons for which /readyz says 503: what gets better when traffic goes elsewhere. Not what nobody mends by that, such as a backend that is away, or runs that fail since a provider is: that takes every replica out at once. A gateway that agents send to over the network adds `queue_full` and `queue_disk`.',
    ),
})
export type HealthConfig = z.output<typeof healthConfig>

/** The rest of the `service` section. */
export const serviceConfig = z.strictObject({
  telemetry: z
    .strictObject({
      logs: z
        .strictObject({
          level: lowerCase(['debug', 'info', 'warn', 'error']).default('info').describe('Least severe line to write.'),
          encoding: z.enum(['console', 'json']).default('console').describe('For people or for machines.'),
          output_paths: z
            .array(z.string().min(1))
            .min(1)
            .default(['stderr'])
            .describe(
              '`stdout`, `stderr` or files, which are made with mode 0600 and appended to. A change needs a restart.',
            ),
          initial_fields: z
            .record(z.string(), z.string())
            .default({})
            .describe('Fields of every line. A change needs a restart.'),
          error_output_paths: withoutEffect(z.array(z.string())),
          development: withoutEffect(z.boolean()),
          disable_caller: withoutEffect(z.boolean()),
          disable_stacktrace: withoutEffect(z.boolean()),
          sampling: withoutEffect(z.looseObject({}).nullable()),
        })
        .prefault({}),
      metrics: z
        .strictObject({
          level: lowerCase(['none', 'basic', 'normal', 'detailed'])
            .default('normal')
            .describe('`none` listens nowhere.'),
          address: endpoint.default('127.0.0.1:8888').describe('Where the own metrics are scraped, under /metrics.'),
        })
        .prefault({}),
    })
    .prefault({}),
  http: z
    .strictObject({
      endpoint: endpoint.default('127.0.0.1:8080').describe('Page, health and control.'),
      allowed_hosts: z
        .array(z.string().min(1))
        .default([])
        .describe(
          'Names by which page and API may be called, for example behind a proxy, beside addresses, localhost and (where this listens beyond loopback) names without a dot, of `.svc`, `.internal` and `.local`. Others are refused: a web page could have made them point here. `*`: all.',
        ),
    })
    .prefault({}),
  health: healthConfig.prefault({}).describe('What /health and /readyz look at: docs/health.md.'),
  workers: z
    .int()
    .min(1)
    .max(64)
    .default(1)
    .describe(
      'Processes that receive, redact and send, beside the first, which has the connectors, the page and the local exporters. 1: one process does everything. Each has queues of its own with the whole `queue_size`; socket files need 1. A change needs a restart.',
    ),
  reload: z
    .strictObject({
      on_change: z
        .boolean()
        .default(true)
        .describe(
          'Read the configuration again when one of its files changes, those of `${file:…}` included; SIGHUP and POST /api/reload do it in any case.',
        ),
      settle_time: duration
        .prefault('300ms')
        .describe('How long the files must stay as they are before they are read.'),
      poll_interval: duration
        .prefault('10s')
        .describe('How often the files are looked at, beside being watched: not every file system reports changes.'),
    })
    .prefault({}),
  state_folder: z.string().optional().describe('Folder for files; made with mode 0700 when it is not there.'),
  shutdown_timeout: duration
    .prefault('10s')
    .describe('What is queued must be with the backends within this time after a request to stop.'),
})
export type ServiceConfig = z.output<typeof serviceConfig>
