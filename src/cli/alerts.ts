import { parseArgs } from 'node:util'
import * as z from 'zod'
import { EXIT_FAILED, EXIT_OK, UsageError } from './command.ts'
import type { CommandIo } from './command.ts'
import { alertsOptions, configOptions, jsonOption, sidecarOptions } from './options.ts'
import { printable } from './printable.ts'
import { errorOf, reachSidecar, stateFolderOfFlags } from './sidecar-client.ts'
import type { SidecarClient } from './sidecar-client.ts'
import { textTable } from './text-table.ts'

/** For all notifiers of a test to answer. */
const TEST_MS_MAX = 60_000

/** What is raised and who is told; `test` has a test told. Exit code 1: an alert is raised, or somebody could not be told. */
export async function run(argv: string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    options: { ...alertsOptions, ...sidecarOptions, ...configOptions, ...jsonOption },
    allowPositionals: true,
  })
  const [order, ...more] = positionals
  if ((order !== undefined && order !== 'test') || more.length > 0)
    throw new UsageError(`alerts ${positionals.join(' ')}: it is alerts, or alerts test`)
  if (order === undefined && values.rule !== undefined) throw new UsageError('--rule belongs to alerts test')
  const sidecar = await reachSidecar(values, await stateFolderOfFlags(values, io), io)
  if (sidecar === undefined)
    throw new Error('no sidecar answers, so nobody would be told. Start one, or name it with --url')
  const isJson = values.json === true
  return order === 'test' ? test(sidecar, values.rule, isJson, io) : list(sidecar, isJson, io)
}

/** Of GET /api/alerts. */
export const alertsShape = z.object({
  alerts: z.array(
    z.object({
      alert: z.string(),
      state: z.string(),
      labels: z.record(z.string(), z.string()),
      starts_at: z.string(),
      summary: z.string(),
      action: z.string(),
    }),
  ),
  notifiers: z.array(
    z.object({ name: z.string(), sent: z.number(), failed: z.number(), problem: z.string().nullable() }),
  ),
})
export type AlertList = z.output<typeof alertsShape>

const WITHOUT = 'has no alerts: add the extension alerts to its configuration'

async function list(sidecar: SidecarClient, isJson: boolean, io: CommandIo): Promise<number> {
  const answer = await sidecar.get('/api/alerts')
  if (answer.status === 404) throw new Error(`the sidecar at ${sidecar.url} ${WITHOUT}`)
  if (answer.status !== 200) throw new Error(errorOf(answer))
  const listed = alertsShape.parse(answer.body)
  io.stdout.write(isJson ? `${JSON.stringify(answer.body)}\n` : textOf(listed))
  return listed.alerts.some(({ state }) => state === 'firing') ? EXIT_FAILED : EXIT_OK
}

function textOf({ alerts, notifiers }: AlertList): string {
  const raised = alerts.filter(({ state }) => state === 'firing')
  const lines = raised.flatMap(({ alert, starts_at, summary, action }) => [
    `${starts_at}  ${alert}: ${summary}`,
    `  ${action}`,
  ])
  const told = notifiers.map(({ name, sent, failed, problem }) => [
    name,
    String(sent),
    String(failed),
    problem ?? 'works',
  ])
  return [
    raised.length === 0 ? 'No alert is raised.\n' : `${lines.map(printable).join('\n')}\n`,
    '\n',
    told.length === 0
      ? 'Nobody is told: there is neither a webhook nor a command.\n'
      : textTable([['TOLD', 'SENT', 'FAILED', 'STATE'], ...told.map((row) => row.map(printable))], [1, 2]),
  ].join('')
}

const testedShape = z.object({
  rule: z.string(),
  told: z.array(z.object({ notifier: z.string(), error: z.string().optional() })),
})

async function test(sidecar: SidecarClient, rule: string | undefined, isJson: boolean, io: CommandIo): Promise<number> {
  const answer = await sidecar.post('/api/alerts/test', rule === undefined ? {} : { rule }, TEST_MS_MAX)
  if (answer.status === 404) throw new Error(`the sidecar at ${sidecar.url} ${WITHOUT}`)
  if (answer.status === 400) throw new UsageError(`alerts test --rule ${rule}: ${errorOf(answer)}`)
  if (answer.status !== 200) throw new Error(errorOf(answer))
  const tested = testedShape.parse(answer.body)
  const isTold = tested.told.length > 0 && tested.told.every(({ error }) => error === undefined)
  if (isJson) io.stdout.write(`${JSON.stringify(answer.body)}\n`)
  else if (tested.told.length === 0) io.stdout.write('Nobody is told: there is neither a webhook nor a command.\n')
  else
    for (const { notifier, error } of tested.told)
      io.stdout.write(
        `${printable(`${notifier}: ${error === undefined ? `took a test of ${tested.rule}, raised and over` : `NOT told, ${error}`}`)}\n`,
      )
  return isTold ? EXIT_OK : EXIT_FAILED
}
