import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import type { ComponentContext } from '../sidecar/component.ts'
import type { Alert } from './alert-book.ts'
import { ALERT_NAMES } from './alert-rules.ts'

const FILE = 'alerts.json'

type Place = Pick<ComponentContext, 'stateFolder' | 'logger'>

/** What the process before has raised and told. Nothing where there is no file, or one that can't be read: that is told. */
export function readAlerts({ stateFolder, logger }: Place): readonly Alert[] {
  const file = join(stateFolder, FILE)
  try {
    return shape.parse(JSON.parse(readFileSync(file, 'utf8'))).alerts
  } catch (error) {
    const code = codeOf(error)
    if (code !== 'ENOENT')
      logger.warn({ file, code }, 'which alerts were raised can not be read: they may be told once more')
    return []
  }
}

/** Synced: what was told must not be told again after a crash. Throws nothing; false when it could not be written. */
export function writeAlerts({ stateFolder, logger }: Place, alerts: readonly Alert[]): boolean {
  const path = join(stateFolder, FILE)
  try {
    const file = openSync(`${path}.new`, 'w', 0o600)
    try {
      writeSync(file, JSON.stringify({ version: 1, alerts }))
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(`${path}.new`, path)
    return true
  } catch (error) {
    logger.warn(
      { file: path, code: codeOf(error) },
      'which alerts are raised can not be written: after a restart they may be told once more',
    )
    return false
  }
}

const shape = z.object({
  version: z.literal(1),
  alerts: z.array(
    z.object({
      id: z.string(),
      rule: z.enum(ALERT_NAMES),
      labels: z.record(z.string(), z.string()),
      startsAtMs: z.number(),
      endsAtMs: z.number().optional(),
      isDone: z.boolean().optional(),
      value: z.number(),
      threshold: z.number(),
      texts: z.object({ summary: z.string(), description: z.string(), action: z.string() }),
      told: z.record(z.string(), z.object({ state: z.enum(['firing', 'resolved']), atMs: z.number() })),
    }),
  ),
})

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : error instanceof Error ? error.name : 'unknown'
