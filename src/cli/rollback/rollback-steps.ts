import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import type { CallToUndo } from '../../audit/calls-to-undo.ts'
import { parseRecipes, recipeOf, RECIPES_FILE } from '../../control/recipes-format.ts'
import type { Recipes } from '../../control/recipes-format.ts'
import { REMEMBERS_CALLS_MAX } from '../../control/undo-messages.ts'
import { errorOf } from '../sidecar-client.ts'
import type { SidecarClient } from '../sidecar-client.ts'

/** How a call can be taken back: by the function in its process, by a person, or not now. */
export type StepWay = 'function' | 'by_hand' | 'running' | 'undone'

export interface RollbackStep extends CallToUndo {
  readonly way: StepWay
  readonly recipe: string | undefined
}

export interface RollbackPlan {
  /** Newest first. */
  readonly steps: readonly RollbackStep[]
  /** Calls with an undo that their processes do not remember any more. */
  readonly forgotten: number
}

/** What can be done about each call now. */
export async function rollbackPlan(
  calls: readonly CallToUndo[],
  stateFolder: string,
  sidecar: SidecarClient | undefined,
): Promise<RollbackPlan> {
  const recipes = readRecipes(stateFolder)
  const done = calls.filter(({ state, process }) => state === 'done' && process !== '')
  const { remembered, forgotten } = await lookAt(done, sidecar)
  const steps = calls.map((call): RollbackStep => {
    const way = call.state === 'undone' || call.state === 'running' ? call.state : undefined
    return {
      ...call,
      way: way ?? (remembered.has(call.call) ? 'function' : 'by_hand'),
      recipe: recipeOf(recipes, call.tool),
    }
  })
  return { steps, forgotten }
}

async function lookAt(
  calls: readonly CallToUndo[],
  sidecar: SidecarClient | undefined,
): Promise<{ remembered: ReadonlySet<string>; forgotten: number }> {
  const remembered = new Set<string>()
  let forgotten = 0
  if (sidecar === undefined) return { remembered, forgotten }
  for (let from = 0; from < calls.length; from += REMEMBERS_CALLS_MAX) {
    const some = calls.slice(from, from + REMEMBERS_CALLS_MAX).map(({ call, process }) => ({ call, process }))
    const answer = await sidecar.post('/api/guard/rollback/look', { calls: some })
    if (answer.status === 404)
      throw new Error(`the sidecar at ${sidecar.url} has no guard: nothing of it is rolled back`)
    if (answer.status !== 200) throw new Error(errorOf(answer))
    const look = lookShape.parse(answer.body)
    for (const id of look.calls) remembered.add(id)
    forgotten = Math.max(forgotten, look.forgotten)
  }
  return { remembered, forgotten }
}

const lookShape = z.object({ calls: z.array(z.string()), forgotten: z.number() })

function readRecipes(stateFolder: string): Recipes {
  try {
    return parseRecipes(readFileSync(join(stateFolder, RECIPES_FILE), 'utf8'))
  } catch {
    return { configured: {}, told: {} }
  }
}
