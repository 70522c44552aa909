import * as z from 'zod'
import { PersonAtTerminal } from '../ask-person.ts'
import type { CommandIo } from '../command.ts'
import { errorOf } from '../sidecar-client.ts'
import type { SidecarClient } from '../sidecar-client.ts'
import type { RollbackStep } from './rollback-steps.ts'
import { printable } from '../printable.ts'
import { stepText } from './step-text.ts'

/** The sidecar waits so long for the undo of an agent. */
const UNDO_WAIT_MS = 25_000

export interface Orders {
  readonly person: string
  readonly reason: string
  /** No person is asked: what a function can take back is taken back. */
  readonly isConfirmed: boolean
  readonly sidecar: SidecarClient | undefined
}

/** Orders, and whom to ask about each; undefined: nobody. */
type Asking = Omit<Orders, 'isConfirmed'> & { readonly terminal: PersonAtTerminal | undefined }

/** `undone`: it is now, or was before. `failed`: the undo has thrown. `unconfirmed`: nobody has said that it is taken back. */
export interface StepResult {
  readonly call: string
  readonly result: 'undone' | 'failed' | 'unconfirmed'
  /** What was found or done, for people. */
  readonly said: string
}

/** Step by step, newest first. Without a person to ask, a step that fails ends it: those behind it may be what it needs. */
export async function carryOut(steps: readonly RollbackStep[], orders: Orders, io: CommandIo): Promise<StepResult[]> {
  const terminal = orders.isConfirmed ? undefined : new PersonAtTerminal()
  try {
    return await eachStep(steps, { ...orders, terminal }, io)
  } finally {
    terminal?.close()
  }
}

async function eachStep(steps: readonly RollbackStep[], orders: Asking, io: CommandIo): Promise<StepResult[]> {
  const results: StepResult[] = []
  let isOver = false
  for (const [index, step] of steps.entries()) {
    if (isOver) {
      results.push({ call: step.call, result: 'unconfirmed', said: 'not tried' })
      continue
    }
    io.stderr.write(`\n${index + 1} of ${steps.length}: ${stepText(step)}`)
    const outcome = await takeBack(step, orders)
    isOver = outcome === 'quit' || (outcome.result === 'failed' && orders.terminal === undefined)
    const result = outcome === 'quit' ? unconfirmed('not tried') : outcome
    results.push({ call: step.call, ...result })
    io.stderr.write(`   ${result.result === 'undone' ? '' : `${result.result}: `}${printable(result.said)}\n`)
  }
  return results
}

type Outcome = Omit<StepResult, 'call'>

async function takeBack(step: RollbackStep, orders: Asking): Promise<Outcome | 'quit'> {
  switch (step.way) {
    case 'undone': {
      const { ts = '', by = '' } = step.rollbacks.findLast(({ result }) => result === 'ok') ?? {}
      return undone(`taken back before, ${ts}${by === '' ? '' : ` by ${by}`}; nothing was done now`)
    }
    case 'running':
      return unconfirmed(`it is under way: stop it (spanwarden stop run=${step.run}), then roll back again`)
    case 'by_hand':
      return byHand(step, orders)
    case 'function':
      return byFunction(step, orders)
  }
}

async function byFunction(step: RollbackStep, orders: Asking): Promise<Outcome | 'quit'> {
  const { sidecar, person, reason, terminal } = orders
  if (sidecar === undefined) return unconfirmed('no sidecar answers')
  const said = (await terminal?.ask(`   Take it back with the tool's own undo? [y/N/q] `)) ?? 'y'
  if (said.startsWith('q')) return 'quit'
  if (!said.startsWith('y')) return unconfirmed('left as it is')
  const { call, process } = step
  const answer = await sidecar.post('/api/guard/rollback', { call, process, person, reason }, UNDO_WAIT_MS)
  if (answer.status !== 200) return failed(errorOf(answer))
  const { result, error, isRecorded } = undoShape.parse(answer.body)
  const unrecorded = isRecorded ? '' : ', and its result is NOT in the audit log'
  switch (result) {
    case 'ok':
      return undone(`taken back${unrecorded}`)
    case 'undone_before':
      return undone('taken back before; nothing was done now')
    case 'failed':
      return failed(
        `its undo has thrown${error === undefined ? '' : ` (${error})`}${unrecorded}: look what of it was done`,
      )
    case 'running':
    case 'unconfirmed':
      return unconfirmed('its undo is running in the agent; ask again with the same command')
    case 'not_connected':
    case 'not_remembered':
      return byHand(step, orders)
  }
}

async function byHand(step: RollbackStep, { sidecar, person, reason, terminal }: Asking): Promise<Outcome | 'quit'> {
  if (terminal === undefined) return unconfirmed('to be done by hand, then confirmed without --yes')
  const said = await terminal.ask('   Have you taken it back, or seen that nothing was done? [y/N/q] ')
  if (said.startsWith('q')) return 'quit'
  if (!said.startsWith('y')) return unconfirmed('left as it is')
  if (sidecar === undefined) return unconfirmed('no sidecar answers, so your word is not on record')
  const answer = await sidecar.post('/api/guard/rollback/by-hand', { call: step.call, person, reason })
  return answer.status === 200
    ? undone('taken back by hand, on record')
    : unconfirmed(`not on record: ${errorOf(answer)}`)
}

const undone = (said: string): Outcome => ({ result: 'undone', said })
const failed = (said: string): Outcome => ({ result: 'failed', said })
const unconfirmed = (said: string): Outcome => ({ result: 'unconfirmed', said })

const undoShape = z.object({
  result: z.enum(['ok', 'failed', 'undone_before', 'running', 'not_remembered', 'not_connected', 'unconfirmed']),
  error: z.string().optional(),
  isRecorded: z.boolean(),
})
