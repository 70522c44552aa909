import type { Report, Sections } from '../config.ts'
import type { ConfiguredComponents } from './check-components.ts'
import { isPlainMap } from './located-yaml.ts'
import { suggestion } from './nearest.ts'
import type { ConfigPath } from './problem.ts'

/** What a component names under `auth.authenticator` is an extension that is defined and started: nobody may be let in, or sent to, without it. What is started is undefined where it could not be read. */
export function checkAuthenticators(
  configured: ConfiguredComponents,
  started: readonly string[] | undefined,
  sections: Sections,
  report: Report,
): void {
  for (const section of ['receivers', 'exporters', 'extensions'] as const) {
    for (const { id, config } of configured[section].values()) walk(config, [section, id])
  }

  function walk(value: unknown, path: ConfigPath): void {
    if (!isPlainMap(value)) return
    for (const [key, option] of Object.entries(value)) {
      if (key === 'auth' && isPlainMap(option)) check(option['authenticator'], [...path, key, 'authenticator'])
      else walk(option, [...path, key])
    }
  }

  function check(id: unknown, path: ConfigPath): void {
    if (typeof id !== 'string' || id === '') return
    const written = isPlainMap(sections.extensions) ? Object.keys(sections.extensions) : []
    if (!written.includes(id)) report.problem(path, `extension ${id} is not defined${suggestion(id, written)}`)
    else if (started?.includes(id) === false)
      report.problem(path, `extension ${id} is not started; name it in service.extensions`)
  }
}
