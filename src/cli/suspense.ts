import { parseArgs } from 'node:util'
import * as z from 'zod'
import { EXIT_FAILED, EXIT_OK, UsageError } from './command.ts'
import type { CommandIo } from './command.ts'
import { configOptions, jsonOption, sidecarOptions, suspenseOptions } from './options.ts'
import { errorOf, reachSidecar, stateFolderOfFlags } from './sidecar-client.ts'
import type { SidecarClient } from './sidecar-client.ts'
import { textTable } from './text-table.ts'

/** What is taken for spent because nobody knows what became of it; `release` is a named person's word on what it cost. Both need a sidecar: it alone writes the ledger. */
export async function run(argv: string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    options: { ...suspenseOptions, ...sidecarOptions, ...configOptions, ...jsonOption },
    allowPositionals: true,
  })
  const [what = 'list', hold, ...more] = positionals
  if (more.length > 0 || !['list', 'release'].includes(what) || (what === 'list') !== (hold === undefined))
    throw new UsageError('suspense: it is list, or release <hold>')
  const order = hold === undefined ? undefined : orderOf(hold, values)
  const stateFolder = await stateFolderOfFlags(values, io)
  const sidecar = await reachSidecar(values, stateFolder, io)
  if (sidecar === undefined) {
    io.stderr.write('spanwarden suspense: no sidecar answers; it alone writes the ledger: start it first\n')
    return EXIT_FAILED
  }
  return order === undefined ? await list(sidecar, values.json === true, io) : await release(sidecar, order, io)
}

interface Order {
  readonly hold: string
  readonly spent_usd: number
  readonly person: string
  readonly reason: string
}

function orderOf(
  hold: string,
  { spent = '0', person = '', reason = '' }: { [K in 'spent' | 'person' | 'reason']?: string | undefined },
): Order {
  if (person.trim() === '') throw new UsageError('suspense release: who says so? --person <name>')
  if (reason.trim() === '') throw new UsageError('suspense release: how is it known? --reason <text>')
  if (!/^\d{1,7}(?:\.\d{1,9})?$/.test(spent)) throw new UsageError(`--spent ${spent}: write US dollars like 0.0125`)
  return { hold, spent_usd: Number(spent), person, reason }
}

async function list(sidecar: SidecarClient, isJson: boolean, io: CommandIo): Promise<number> {
  const answer = await sidecar.get('/api/guard/suspense')
  if (answer.status === 404) return failed(`the sidecar at ${sidecar.url} has no guard`, io)
  if (answer.status !== 200) return failed(errorOf(answer), io)
  const { total, holds } = listShape.parse(answer.body)
  if (isJson) io.stdout.write(`${JSON.stringify(holds)}\n`)
  else if (holds.length === 0) io.stdout.write('Nothing is in suspense.\n')
  else {
    const rows = holds.map((one) => [
      one.since,
      one.hold,
      one.amount_usd.toFixed(6),
      one.kind === 'slice' ? 'any (a slice)' : one.model || '-',
      one.process,
      one.run || '-',
    ])
    io.stdout.write(textTable([['SINCE', 'HOLD', 'USD', 'MODEL', 'PROCESS', 'RUN'], ...rows.map(printable)], [2]))
    if (holds.some(({ kind }) => kind === 'slice')) io.stdout.write(SLICE_TEXT)
    if (total > holds.length) io.stdout.write(`${total - holds.length} older ones are not shown.\n`)
  }
  return EXIT_OK
}

async function release(sidecar: SidecarClient, order: Order, io: CommandIo): Promise<number> {
  const answer = await sidecar.post('/api/guard/suspense', order)
  if (answer.status !== 200) return failed(`${errorOf(answer)}: nothing is changed`, io)
  const { hold, released_usd } = releaseShape.parse(answer.body)
  io.stdout.write(`${hold}: ${released_usd.toFixed(9)} USD can be spent again, in the window it was held in\n`)
  return EXIT_OK
}

function failed(message: string, io: CommandIo): number {
  io.stderr.write(`spanwarden suspense: ${message}\n`)
  return EXIT_FAILED
}

const printable = (cells: readonly string[]): string[] => cells.map((cell) => cell.replaceAll(/\p{C}/gu, '?'))

const SLICE_TEXT =
  '\nA slice is what a process held for several calls at once, of whatever model: the part of it of which nobody knows whether it was spent.\n'

const listShape = z.object({
  total: z.number(),
  holds: z.array(
    z.object({
      hold: z.string(),
      amount_usd: z.number(),
      process: z.string(),
      kind: z.enum(['call', 'slice']),
      model: z.string().nullable(),
      run: z.string(),
      since: z.string(),
    }),
  ),
})
const releaseShape = z.object({ hold: z.string(), released_usd: z.number() })
