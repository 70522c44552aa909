import { userInfo } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import * as z from 'zod'
import { EXIT_FAILED, EXIT_OK, UsageError } from './command.ts'
import type { CommandIo } from './command.ts'
import { approvalsOptions, configOptions, jsonOption, sidecarOptions } from './options.ts'
import { errorOf, reachSidecar, stateFolderOfFlags } from './sidecar-client.ts'
import type { SidecarClient } from './sidecar-client.ts'
import { textTable } from './text-table.ts'
import { printable } from './printable.ts'

const WATCH_MS = 1000
/** Of an id, at least; more where that is not enough to tell them apart. */
const ID_CHARACTERS_MIN = 8

/** What waits for a person (`--watch`: as it comes and goes), and the answers of one: `approve <id>`, `deny <id>`. */
export async function run(argv: string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    options: { ...approvalsOptions, ...sidecarOptions, ...configOptions, ...jsonOption },
    allowPositionals: true,
  })
  const [order, id, ...more] = positionals
  if (more.length > 0) throw new UsageError('approvals: one call at a time')
  const stateFolder = await stateFolderOfFlags(values, io)
  const reach = (): Promise<SidecarClient | undefined> => reachSidecar(values, stateFolder, io)
  if (order === undefined)
    return values.watch === true ? watch(reach, values.json === true, io) : list(reach, values.json === true, io)
  if (order !== 'approve' && order !== 'deny') throw new UsageError(`approvals ${order}: it is approve or deny`)
  if (id === undefined)
    throw new UsageError(`approvals ${order}: which call? spanwarden approvals lists those that wait`)
  const { person = order === 'deny' ? userName() : undefined, reason } = values
  if (person === undefined || person.trim() === '')
    throw new UsageError('approvals approve: who approves? --person <name>; it is in the audit log')
  return decide(reach, { order, id, person, reason }, values.json === true, io)
}

type Reach = () => Promise<SidecarClient | undefined>

const waitingShape = z.object({
  id: z.string(),
  tool: z.string(),
  class: z.string(),
  agent: z.string(),
  run: z.string().nullable(),
  trace_id: z.string().nullable(),
  input: z.string(),
  asked_at: z.string(),
  waited_ms: z.number(),
  left_ms: z.number(),
  connected: z.boolean(),
})
const entryShape = z.object({
  id: z.string(),
  tool: z.string(),
  state: z.string(),
  person: z.string().nullable(),
  reason: z.string().nullable(),
})
const listShape = z.object({
  supervised: z.boolean(),
  until: z.string().nullable(),
  waiting: z.array(waitingShape),
  decided: z.array(entryShape),
})
const decidedShape = entryShape.extend({ granted: z.boolean().nullable(), because: z.string().optional() })

type WaitingCall = z.output<typeof waitingShape>
type Listed = z.output<typeof listShape>

/** Throws what there is to say when no sidecar answers, or it has no guard. */
async function ask(reach: Reach): Promise<{ readonly sidecar: SidecarClient; readonly listed: Listed }> {
  const sidecar = await reach()
  if (sidecar === undefined)
    throw new Error('no sidecar answers: nothing waits here. Name one with --url, or its state folder')
  const answer = await sidecar.get('/api/guard/approvals')
  if (answer.status === 404) throw new Error(`the sidecar at ${sidecar.url} has no guard: nothing waits for a person`)
  if (answer.status !== 200) throw new Error(errorOf(answer))
  return { sidecar, listed: listShape.parse(answer.body) }
}

async function list(reach: Reach, isJson: boolean, io: CommandIo): Promise<number> {
  const { listed } = await ask(reach)
  io.stdout.write(isJson ? `${JSON.stringify(listed.waiting)}\n` : textOf(listed))
  return EXIT_OK
}

function textOf({ waiting, supervised, until }: Listed): string {
  const mode = supervised
    ? `Supervised ${until === null ? 'for good' : `until ${until}`}`
    : 'Supervised mode is not on: no further call waits'
  if (waiting.length === 0) return `No call waits for a person. ${mode}.\n`
  const rows = waiting.map((call) => [
    shortIdOf(call.id, waiting),
    call.tool,
    call.class,
    call.agent,
    call.input,
    timeOf(call.waited_ms),
    call.connected ? timeOf(call.left_ms) : `${timeOf(call.left_ms)} (not connected)`,
    call.run ?? call.trace_id ?? '',
  ])
  return [
    textTable([HEADER, ...rows.map((row) => row.map(printable))], [5]),
    `\n${mode}. Silence denies. To answer: spanwarden approvals approve <id> --person <name>, or deny <id>\n`,
  ].join('')
}

const HEADER = ['ID', 'TOOL', 'CLASS', 'AGENT', 'INPUT', 'WAITED', 'LEFT', 'RUN']

async function watch(reach: Reach, isJson: boolean, io: CommandIo): Promise<number> {
  let known = new Map<string, WaitingCall>()
  let problem = ''
  const say = (event: string, call: object, text: string): unknown =>
    io.stdout.write(isJson ? `${JSON.stringify({ event, ...call })}\n` : `${printable(text)}\n`)
  for (;;) {
    try {
      const { waiting, decided } = (await ask(reach)).listed
      for (const call of waiting)
        if (!known.has(call.id))
          say(
            'waiting',
            call,
            `${call.id} waits: ${call.tool} (${call.class}) ${call.input} of ${call.agent}, ${timeOf(call.left_ms)} left`,
          )
      const now = new Map(waiting.map((call) => [call.id, call]))
      for (const { id, tool } of known.values()) {
        if (now.has(id)) continue
        const { state = 'gone', person = null } = decided.find((one) => one.id === id) ?? {}
        say(state, { id, tool, person }, `${id} ${state}${person === null ? '' : ` by ${person}`}: ${tool}`)
      }
      known = now
      problem = ''
    } catch (error) {
      // It may come back, and what waited waits again then.
      const message = error instanceof Error ? error.message : String(error)
      if (message !== problem) io.stderr.write(`spanwarden approvals: ${message}\n`)
      problem = message
    }
    await delay(WATCH_MS)
  }
}

interface Order {
  readonly order: 'approve' | 'deny'
  readonly id: string
  readonly person: string
  readonly reason: string | undefined
}

async function decide(
  reach: Reach,
  { order, id: given, ...said }: Order,
  isJson: boolean,
  io: CommandIo,
): Promise<number> {
  const { sidecar, listed } = await ask(reach)
  const id = fullIdOf(given, listed.waiting) ?? fullIdOf(given, listed.decided) ?? given
  const answer = await sidecar.post(`/api/guard/approvals/${order}`, { id, ...said })
  if (answer.status !== 200) {
    if (isJson) io.stdout.write(`${JSON.stringify(answer.body)}\n`)
    io.stderr.write(`spanwarden approvals: ${printable(errorOf(answer))}\n`)
    return EXIT_FAILED
  }
  const decided = decidedShape.parse(answer.body)
  const { tool, state, granted, because = '' } = decided
  const isRefused = order === 'approve' && granted === false
  const then = {
    null: 'its agent is not connected and gets the answer when it is back',
    true: 'the call goes on',
    false: isRefused ? `and yet it is denied: ${because}` : 'the agent was told',
  }[String(granted) as 'null' | 'true' | 'false']
  io.stdout.write(
    isJson ? `${JSON.stringify(answer.body)}\n` : `${printable(`${tool} ${state} by ${said.person}: ${then}`)}\n`,
  )
  return isRefused ? EXIT_FAILED : EXIT_OK
}

/** Of the call that begins so. Throws UsageError where several do. */
function fullIdOf(given: string, calls: readonly { readonly id: string }[]): string | undefined {
  const found = calls.filter(({ id }) => id.startsWith(given))
  if (found.length > 1 && !found.some(({ id }) => id === given))
    throw new UsageError(`approvals ${given}: ${found.length} calls begin with that; give more of it`)
  return found.length > 1 ? given : found[0]?.id
}

/** As few characters as tell it from the others. */
function shortIdOf(id: string, all: readonly WaitingCall[]): string {
  let length = Math.min(id.length, ID_CHARACTERS_MIN)
  while (length < id.length && all.some((one) => one.id !== id && one.id.startsWith(id.slice(0, length)))) length++
  return id.slice(0, length)
}

function timeOf(ms: number): string {
  const seconds = Math.round(ms / 1000)
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, '0')}s`
}

function userName(): string | undefined {
  try {
    return userInfo().username
  } catch {
    return undefined
  }
}
