import { ConfigError } from '../sidecar/config/problem.ts'
import { EXIT_CONFIG, EXIT_FAILED, EXIT_OK, EXIT_USAGE, UsageError } from './command.ts'
import type { Command, CommandIo } from './command.ts'
import { commands } from './commands.ts'
import { keepHeapSmall } from './keep-heap-small.ts'
import { helpOption } from './options.ts'
import { programOf } from './program.ts'

/** Runs the command that the arguments name; resolves to the exit code. */
export async function main(argv: readonly string[], io: CommandIo): Promise<number> {
  const [name = 'help', ...rest] = argv
  if (name === '--version' || name === '-v' || name === 'version') {
    io.stdout.write(`${programOf(io).version}\n`)
    return EXIT_OK
  }
  if (name === 'help' || name === '--help' || name === '-h') return help(rest[0], io)
  const command = commands.find((known) => known.name === name)
  if (command === undefined) {
    io.stderr.write(`spanwarden: there is no command ${name}; see spanwarden help\n`)
    return EXIT_USAGE
  }
  if (asksForHelp(rest)) return help(name, io)
  if (name === 'collect') keepHeapSmall()
  try {
    const { run } = await command.load()
    return await run(rest, io)
  } catch (error) {
    return report(error, command, io)
  }
}

/** Of arguments of ours: what comes after -- belongs to the agent. */
function asksForHelp(argv: readonly string[]): boolean {
  const end = argv.indexOf('--')
  const own = end < 0 ? argv : argv.slice(0, end)
  return own.includes('--help') || own.includes('-h')
}

function report(error: unknown, { name }: Command, { stderr }: CommandIo): number {
  if (error instanceof ConfigError) {
    stderr.write(`${error.message}\n`)
    return EXIT_CONFIG
  }
  const message = error instanceof Error ? error.message : String(error)
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (error instanceof UsageError || code.startsWith('ERR_PARSE_ARGS')) {
    stderr.write(`spanwarden ${name}: ${message}\nSee spanwarden ${name} --help\n`)
    return EXIT_USAGE
  }
  stderr.write(`spanwarden ${name}: ${message}\n`)
  return EXIT_FAILED
}

function help(name: string | undefined, io: CommandIo): number {
  if (name === undefined) {
    io.stdout.write(overview())
    return EXIT_OK
  }
  const command = commands.find((known) => known.name === name)
  if (command === undefined) {
    io.stderr.write(`spanwarden: there is no command ${name}; see spanwarden help\n`)
    return EXIT_USAGE
  }
  io.stdout.write(helpOf(command))
  return EXIT_OK
}

function overview(): string {
  const width = Math.max(...commands.map(({ name }) => name.length)) + 2
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(width)}${summary}`)
  return [
    'Telemetry for AI agents: spans with tokens and cost, redaction, five key metrics, any OTLP backend.',
    '',
    'Usage: spanwarden <command> [options]',
    '',
    ...lines,
    `  ${'help'.padEnd(width)}Shows this, or the help of a command.`,
    '',
    'Exit codes: 0 ok, 1 failed, 2 wrong usage, 3 unconfirmed, 78 wrong configuration.',
    '',
  ].join('\n')
}

function helpOf({ name, synopsis, summary, options }: Command): string {
  const flags = Object.entries({ ...options, ...helpOption }).map(([flag, option]) => {
    const short = 'short' in option && option.short !== undefined ? `-${option.short}, ` : ''
    const value = 'value' in option && option.value !== undefined ? ` ${option.value}` : ''
    return [`${short}--${flag}${value}`, option.summary] as const
  })
  const width = Math.max(...flags.map(([flag]) => flag.length)) + 2
  const lines = flags.map(([flag, text]) => `  ${flag.padEnd(width)}${text}`)
  return [`Usage: spanwarden ${name} ${synopsis}`, '', summary, '', ...lines, ''].join('\n')
}
