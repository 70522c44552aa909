export type ConfigPath = readonly (string | number)[]

export interface Place {
  readonly source: string
  readonly line: number
  readonly column: number
}

/** One thing that is wrong in a configuration, or worth a warning. The message holds no values. */
export interface ConfigProblem {
  readonly path: string
  readonly message: string
  readonly place?: Place
}

/** All that is wrong with a configuration, at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly ConfigProblem[]

  /** What a person should know beside. */
  readonly warnings: readonly ConfigProblem[]

  constructor(problems: readonly ConfigProblem[], warnings: readonly ConfigProblem[] = []) {
    super(problems.map(problemLine).join('\n'))
    this.problems = problems
    this.warnings = warnings
  }
}

/** `collector.yaml:12:5: exporters.otlp_http.endpoint: what is wrong`. */
export function problemLine({ path, message, place }: ConfigProblem): string {
  return [place && `${place.source}:${place.line}:${place.column}`, path, message].filter(Boolean).join(': ')
}

/** `exporters.otlp_http.headers`, `service.pipelines.traces.receivers[0]`. */
export const pathText = (path: ConfigPath): string =>
  path.map((key, i) => (typeof key === 'number' ? `[${key}]` : i === 0 ? key : `.${key}`)).join('')
