import type { Report, Sections } from '../config.ts'
import { isPlainMap } from './located-yaml.ts'
import type { ConfigPath } from './problem.ts'

/** A socket file is bound by one process, so receivers of several workers need ports. */
export function checkSockets({ receivers }: Sections, workers: number, report: Report): void {
  if (workers > 1) walk(receivers, ['receivers'])

  function walk(value: unknown, path: ConfigPath): void {
    if (!isPlainMap(value)) return
    const { endpoint, transport } = value
    if (typeof endpoint === 'string' && (transport === 'unix' || endpoint.startsWith('unix:'))) {
      const message = 'a socket file is for one process; set service.workers to 1, or listen on a port'
      report.problem([...path, 'endpoint'], message)
    }
    for (const [key, inner] of Object.entries(value)) walk(inner, [...path, key])
  }
}
