import { existsSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { callsToUndo, UNDO_CALLS_MAX } from '../audit/calls-to-undo.ts'
import type { UndoSelection } from '../audit/calls-to-undo.ts'
import { isPersonThere } from './ask-person.ts'
import { EXIT_FAILED, EXIT_OK, EXIT_UNCONFIRMED, UsageError } from './command.ts'
import type { CommandIo } from './command.ts'
import { configOptions, jsonOption, rollbackOptions, sidecarOptions } from './options.ts'
import { carryOut } from './rollback/carry-out.ts'
import type { StepResult } from './rollback/carry-out.ts'
import { rollbackPlan } from './rollback/rollback-steps.ts'
import type { RollbackStep } from './rollback/rollback-steps.ts'
import { stepText } from './rollback/step-text.ts'
import { printable } from './printable.ts'
import { reachSidecar, stateFolderOfFlags } from './sidecar-client.ts'

/**
 * Takes calls of tools back, newest first: by the undo that the tool registered, in the process that made the call, else by its recipe; a person confirms each. Exit code 1: an undo
 * has failed, or what was named is not in the audit log; 3: one is not known to be taken back.
 */
export async function run(argv: string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    options: { ...rollbackOptions, ...sidecarOptions, ...configOptions, ...jsonOption },
    allowPositionals: true,
  })
  const { yes: isConfirmed = false, json: isJson = false, 'dry-run': isDry = false } = values
  const selection = selectionOf(positionals, values)
  const person = values.person ?? (isConfirmed ? undefined : userName())
  if (person === undefined || person.trim() === '')
    throw new UsageError('rollback --yes: who orders it? --person <name>')
  if (!isDry && !isConfirmed && !isPersonThere())
    throw new UsageError('rollback: a person confirms each step, on a terminal; elsewhere --yes --person <name>')
  const stateFolder = await stateFolderOfFlags(values, io)
  const folder = join(stateFolder, 'audit')
  if (!existsSync(folder)) return failed(io, `there is no audit log in ${folder}, so nothing is known to roll back`)
  const calls = await callsToUndo(folder, selection, Date.now())
  const missing = 'calls' in selection ? selection.calls.filter((id) => !calls.some(({ call }) => call === id)) : []
  if (missing.length > 0)
    return failed(io, `${missing.join(', ')}: no such call with a side effect is in ${folder}; see spanwarden last`)
  if (calls.length === 0)
    return failed(
      io,
      `nothing to roll back: no call with a side effect${ofWhat(selection)} is in ${folder}; see spanwarden last`,
    )
  const sidecar = await reachSidecar(values, stateFolder, io)
  const { steps, forgotten } = await rollbackPlan(calls, stateFolder, sidecar)
  tellPlan(steps, { forgotten, isReached: sidecar !== undefined }, io)
  if (isDry) {
    if (isJson) io.stdout.write(`${JSON.stringify(steps.map((step) => jsonOf(step)))}\n`)
    else for (const step of steps) io.stdout.write(`\n${stepText(step)}   -> ${step.way}\n`)
    return EXIT_OK
  }
  const reason = values.reason ?? 'rollback'
  const results = await carryOut(steps, { person, reason, isConfirmed, sidecar }, io)
  if (isJson) io.stdout.write(`${JSON.stringify(steps.map((step, i) => jsonOf(step, results[i])))}\n`)
  else io.stdout.write(summaryOf(results))
  return exitCodeOf(results)
}

function selectionOf(
  calls: readonly string[],
  { run: ofRun, last, agent }: { run?: string | undefined; last?: string | undefined; agent?: string | undefined },
): UndoSelection {
  const ways = [calls.length > 0, ofRun !== undefined, last !== undefined].filter(Boolean).length
  if (ways !== 1)
    throw new UsageError('rollback: which calls? Their ids (spanwarden last --json), --run <id> or --last <n>')
  if (agent !== undefined && last === undefined) throw new UsageError('rollback --agent: with --last only')
  if (ofRun !== undefined) return { run: ofRun }
  if (last === undefined) return { calls }
  const count = Number(last)
  if (!/^\d+$/.test(last) || count < 1 || count > UNDO_CALLS_MAX)
    throw new UsageError(`rollback --last ${last}: 1 to ${UNDO_CALLS_MAX}`)
  return { last: count, agent }
}

function ofWhat(selection: UndoSelection): string {
  if ('run' in selection) return ` of the run ${printable(selection.run)}`
  return 'last' in selection && selection.agent !== undefined ? ` of the agent ${printable(selection.agent)}` : ''
}

function tellPlan(
  steps: readonly RollbackStep[],
  { forgotten, isReached }: { forgotten: number; isReached: boolean },
  io: CommandIo,
): void {
  if (!isReached) io.stderr.write('No sidecar answers: what tools could undo themselves has to be done by hand.\n')
  if (forgotten > 0 && steps.some(({ way }) => way === 'by_hand'))
    io.stderr.write(`${forgotten} older or larger calls are no longer remembered by their processes.\n`)
}

function summaryOf(results: readonly StepResult[]): string {
  const count = (wanted: StepResult['result']): number => results.filter(({ result }) => result === wanted).length
  const said = [`${count('undone')} of ${results.length} taken back`]
  if (count('failed') > 0) said.push(`${count('failed')} failed`)
  if (count('unconfirmed') > 0) said.push(`${count('unconfirmed')} not confirmed`)
  return `${said.join(', ')}\n`
}

function exitCodeOf(results: readonly StepResult[]): number {
  if (results.some(({ result }) => result === 'failed')) return EXIT_FAILED
  return results.some(({ result }) => result === 'unconfirmed') ? EXIT_UNCONFIRMED : EXIT_OK
}

const jsonOf = (step: RollbackStep, result?: StepResult): object => ({
  ...step,
  recipe: step.recipe ?? null,
  rollback: result?.result ?? null,
  said: result?.said ?? null,
})

function failed(io: CommandIo, message: string): number {
  io.stderr.write(`spanwarden rollback: ${message}\n`)
  return EXIT_FAILED
}

function userName(): string | undefined {
  try {
    return userInfo().username
  } catch {
    return undefined
  }
}
