import { parseArgs } from 'node:util'
import { ConfigError, problemLine } from '../sidecar/config/problem.ts'
import type { ConfigProblem } from '../sidecar/config/problem.ts'
import { checkFiles } from './check-files.ts'
import { EXIT_CONFIG, EXIT_OK } from './command.ts'
import type { CommandIo } from './command.ts'
import { configOptions, jsonOption } from './options.ts'
import { stateFolderOf } from './program.ts'
import { readConfig } from './read-config.ts'
import type { ConfigFlags } from './read-config.ts'

/** Prints problems to stderr, or both lists as JSON to stdout; files that are named are opened. Exit code 78 when there are problems. */
export async function run(argv: string[], io: CommandIo): Promise<number> {
  const { values } = parseArgs({ args: argv, options: { ...configOptions, ...jsonOption } })
  const { problems, warnings } = await check(values, io)
  if (values.json === true) io.stdout.write(`${JSON.stringify({ problems, warnings }, undefined, 2)}\n`)
  else {
    for (const problem of problems) io.stderr.write(`${problemLine(problem)}\n`)
    for (const warning of warnings) io.stderr.write(`warning: ${problemLine(warning)}\n`)
    if (problems.length === 0) io.stdout.write('the configuration is valid\n')
  }
  return problems.length === 0 ? EXIT_OK : EXIT_CONFIG
}

async function check(flags: ConfigFlags, io: CommandIo): Promise<Checked> {
  try {
    const config = await readConfig(flags, io)
    const files = checkFiles(config, stateFolderOf(io, config.service.state_folder), new Date())
    return { problems: files.problems, warnings: [...config.warnings, ...files.warnings] }
  } catch (error) {
    if (error instanceof ConfigError) return { problems: error.problems, warnings: error.warnings }
    throw error
  }
}

interface Checked {
  readonly problems: readonly ConfigProblem[]
  readonly warnings: readonly ConfigProblem[]
}
