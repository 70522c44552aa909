import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import type { ComponentContext } from '../sidecar/component.ts'

const FILE = 'agent-pulse.json'

/** What of an agent outlives a restart: without it an alert would be resolved, and raised again. */
export type SavedAgent = z.output<typeof agentShape>

const sums = z.object({ windowMs: z.number(), parts: z.array(z.tuple([z.number(), z.number()])).readonly() })
const agentShape = z.object({
  job: z.string(),
  heartbeatMs: z.number(),
  silentMs: z.number().default(0),
  endedMs: z.number(),
  finished: sums,
  failed: sums,
  spend: sums,
})
const shape = z.object({ version: z.literal(1), agents: z.array(agentShape) })

type Place = Pick<ComponentContext, 'stateFolder' | 'logger'>

/** Nothing where there is none, or one that can't be read: that is told. */
export function readPulseFile({ stateFolder, logger }: Place): readonly SavedAgent[] {
  const file = join(stateFolder, FILE)
  try {
    return shape.parse(JSON.parse(readFileSync(file, 'utf8'))).agents
  } catch (error) {
    const code = codeOf(error)
    if (code !== 'ENOENT')
      logger.warn({ file, code }, 'what was known of the agents can not be read: alerts begin anew')
    return []
  }
}

/** Replaced as a whole; not synced, as losing it costs an alert some minutes. */
export function writePulseFile({ stateFolder, logger }: Place, agents: readonly SavedAgent[]): void {
  const file = join(stateFolder, FILE)
  try {
    writeFileSync(`${file}.new`, JSON.stringify({ version: 1, agents }), { mode: 0o600 })
    renameSync(`${file}.new`, file)
  } catch (error) {
    logger.warn(
      { file, code: codeOf(error) },
      'what is known of the agents can not be written: after a restart alerts begin anew',
    )
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : error instanceof Error ? error.name : 'unknown'
