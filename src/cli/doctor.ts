import { relative } from 'node:path'
import { cwd } from 'node:process'
import { parseArgs } from 'node:util'
import { instrumentations } from '../sdk/instrumentation/instrumentations.ts'
import { knownLibraries } from '../sdk/known-libraries.ts'
import { isLibraryEnabled, readSettings } from '../sdk/settings.ts'
import type { StateReport } from '../sdk/state-report.ts'
import { EXIT_FAILED, EXIT_OK, UsageError } from './command.ts'
import type { CommandIo } from './command.ts'
import { installedLibraries } from './installed-libraries.ts'
import type { InstalledLibrary } from './installed-libraries.ts'
import { observedRun } from './observed-run.ts'
import type { ObservedRun } from './observed-run.ts'
import { doctorOptions, jsonOption } from './options.ts'

/**
 * Says what is not as it should be, and what to do. `--instrumentation`: which client libraries are installed where the command is called, and whether
 * they are observed; with a command after `--`, also which of them it really loads. Exit code 1 when something is not observed.
 */
export async function run(argv: string[], io: CommandIo): Promise<number> {
  const dashes = argv.indexOf('--')
  const own = dashes < 0 ? argv : argv.slice(0, dashes)
  const [program, ...args] = dashes < 0 ? [] : argv.slice(dashes + 1)
  const { values } = parseArgs({ args: own, options: { ...doctorOptions, ...jsonOption } })
  if (dashes >= 0 && program === undefined)
    throw new UsageError('a command comes after --, as in: spanwarden doctor -- node agent.js')
  const settings = readSettings(io.env)
  const isEnabled = (library: string): boolean => settings.enabled && isLibraryEnabled(library, settings)
  const installed = installedLibraries({ from: cwd(), instrumentations, known: knownLibraries, isEnabled })
  const observed = program === undefined ? undefined : await observedRun(program, args, io)
  const problems = [...installed.flatMap(installedProblem), ...(observed === undefined ? [] : runProblems(observed))]
  const { warnings } = settings
  if (values.json === true)
    io.stdout.write(`${JSON.stringify({ installed, run: observed, settings: warnings, problems }, undefined, 2)}\n`)
  else io.stdout.write(text(installed, observed, warnings, problems))
  return problems.length === 0 ? EXIT_OK : EXIT_FAILED
}

const nameOf = ({ library, version }: { readonly library: string; readonly version: string | undefined }): string =>
  version === undefined ? library : `${library} ${version}`

const installedProblem = (entry: InstalledLibrary): string[] =>
  entry.state === 'not observed' ? [`${nameOf(entry)} is not observed: ${entry.remark}`] : []

function runProblems({ exitCode, reports }: ObservedRun): string[] {
  if (reports.length === 0)
    return [
      `no report came from the command (exit code ${exitCode}): it is no Node.js program, it was killed, or Node.js is older than 22.19`,
    ]
  const problems = reports.flatMap(({ state }) => [
    ...state.libraries.flatMap((entry) => {
      const advice = ADVICE[entry.state] ?? (entry.state === 'unsupported' ? entry.remark : undefined)
      return advice === undefined ? [] : [`${nameOf(entry)} was loaded and is not observed: ${advice}`]
    }),
    ...Object.keys(state.notices).flatMap((kind) => {
      const library = /^unobserved (.+)$/.exec(kind)?.[1]
      return library === undefined
        ? []
        : [
            `${library} made requests and is not observed: it is part of a bundle; leave it out of the bundle (external), or see instrument()`,
          ]
    }),
  ])
  return [...new Set(problems)]
}

const ADVICE: Readonly<Record<string, string>> = {
  failed: 'its shape is not the expected one; a newer spanwarden may know it',
  'too early': 'another preload loaded it first; put --import spanwarden/register before that',
}

function text(
  installed: readonly InstalledLibrary[],
  observed: ObservedRun | undefined,
  warnings: readonly string[],
  problems: readonly string[],
): string {
  return [
    ...(installed.length === 0
      ? ['No client library that is known here is installed.']
      : ['Installed client libraries:', ...columns(installed.map(installedRow))]),
    ...(observed === undefined
      ? []
      : ['', `Loaded by the command (exit code ${observed.exitCode}):`, ...observed.reports.flatMap(reportLines)]),
    ...(warnings.length === 0 ? [] : ['', 'Settings:', ...warnings.map((line) => `  ${line}`)]),
    '',
    ...(problems.length === 0
      ? ['Nothing is left unobserved.']
      : ['Problems:', ...problems.map((line) => `  ${line}`)]),
    '',
  ].join('\n')
}

const installedRow = (entry: InstalledLibrary): string[] => [
  nameOf(entry),
  entry.state,
  entry.formats.join(', '),
  relative(cwd(), entry.folder) || '.',
  entry.remark,
]

function reportLines({ pid, threadId, script, state }: StateReport): string[] {
  const place = script === undefined ? '' : ` ${relative(cwd(), script)}`
  const thread = threadId === 0 ? '' : `, thread ${threadId}`
  const rows = state.libraries.map((entry) => [nameOf(entry), entry.state, entry.remark ?? ''])
  return [
    `  process ${pid}${thread}${place}${state.attached ? ', beside an OpenTelemetry SDK of its own' : ''}`,
    ...(rows.length === 0 ? ['    none'] : columns(rows).map((line) => `  ${line}`)),
  ]
}

function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0))) ?? []
  return rows.map(
    (row) =>
      `  ${row
        .map((cell, index) => cell.padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd()}`,
  )
}
