import type { RollbackStep } from './rollback-steps.ts'
import { printable } from '../printable.ts'

/** What the log knows of a call, and what can be done about it. */
export function stepText(step: RollbackStep): string {
  const { tool, class: kind, ts, agent, run, call, input, result, rollbacks } = step
  const said = result === '' ? 'no outcome' : result
  const before = rollbacks.flatMap((one) => (one.result === '' || one.result === 'ok' ? [] : [one]))
  const lines = [
    `${tool} (${kind}), ${ts}`,
    `   call ${call}, agent ${agent}${run === '' ? '' : `, run ${run}`}`,
    `   ${input === '' ? 'no summary of its input' : input} -> ${said}`,
    ...before.map((one) => `   rolled back in vain ${one.ts} by ${one.by}: ${one.result}`),
    ...wayLines(step),
  ]
  return `${lines.map(printable).join('\n')}\n`
}

function wayLines({ way, state, recipe, tool }: RollbackStep): string[] {
  if (way !== 'by_hand') return []
  const unknown = state === 'unknown' ? ['   Nobody knows whether it was done: look first.'] : []
  const how =
    recipe === undefined
      ? `   By hand: its process has no undo for it, and there is no recipe for ${tool} (guard: tools: ${tool}: recipe: …).`
      : `   By hand: ${recipe}`
  return [...unknown, how]
}
