import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ComponentContext } from '../../component.ts'

/** `service.instance.id` of what this sidecar derives: made once, kept over restarts, so that series go on. */
export function instanceIdOf({ stateFolder, random }: Pick<ComponentContext, 'stateFolder' | 'random'>): string {
  const file = join(stateFolder, 'agent-metrics-instance-id')
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    const id = Array.from({ length: 16 }, () =>
      Math.floor(random() * 256)
        .toString(16)
        .padStart(2, '0'),
    ).join('')
    mkdirSync(stateFolder, { recursive: true, mode: 0o700 })
    writeFileSync(file, `${id}\n`, { mode: 0o600 })
    return id
  }
}
