import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { projectFolder } from '../../test/support/run-agent.ts'
import { runNode } from '../../test/support/run-node.ts'

/** A project with client libraries in every state in which they are found. */
let folder = ''
let empty = ''

beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'spanwarden-doctor-test-')))
  empty = realpathSync(mkdtempSync(join(tmpdir(), 'spanwarden-doctor-empty-')))
  const install = (
    place: string,
    name: string,
    version: string,
    files: Readonly<Record<string, string>> = {},
  ): void => {
    const target = join(folder, place)
    mkdirSync(target, { recursive: true })
    writeFileSync(join(target, 'package.json'), JSON.stringify({ name, version, main: 'main.js' }))
    for (const [file, text] of Object.entries({ 'main.js': '', ...files })) writeFileSync(join(target, file), text)
  }
  symlinkSync(join(projectFolder, 'node_modules/openai'), link('node_modules/openai-v7'))
  install('node_modules/groq-sdk', 'groq-sdk', '9.0.0', { 'main.js': 'module.exports = 1' })
  install('node_modules/llamaindex', 'llamaindex', '0.12.1')
  install('node_modules/other', 'other', '1.0.0')
  install('node_modules/other/node_modules/replicate', 'replicate', '1.2.0')
  install('node_modules/.pnpm/voyageai@1.0.0/node_modules/voyageai', 'voyageai', '1.0.0')
  mkdirSync(join(folder, 'packages/app'), { recursive: true })
  writeFileSync(join(folder, 'thread.cjs'), "require('openai-v7')")
})

function link(place: string): string {
  mkdirSync(join(folder, place, '..'), { recursive: true })
  return join(folder, place)
}

afterAll(() => {
  for (const each of [folder, empty]) rmSync(each, { recursive: true, force: true })
})

const doctor = (args: readonly string[], cwd = folder, env: Record<string, string> = {}) =>
  runNode([join(projectFolder, 'src/cli.ts'), 'doctor', ...args], { cwd, env })

interface Answer {
  readonly installed: readonly {
    library: string
    version: string
    state: string
    formats: readonly string[]
    remark: string
  }[]
  readonly run?: {
    exitCode: number
    reports: readonly { state: { libraries: readonly { library: string; state: string }[] } }[]
  }
  readonly problems: readonly string[]
}

describe('what is installed', () => {
  test.each([
    ['the folder of the project', ''],
    ['a folder below it', 'packages/app'],
  ])('from %s', async (_, below) => {
    const { code, stdout } = await doctor(['--instrumentation', '--json'], join(folder, below))
    const { installed, problems }: Answer = JSON.parse(stdout)
    expect(code).toBe(1)
    expect(installed.map(({ library, state, formats }) => [library, state, formats])).toEqual([
      ['groq-sdk', 'not observed', []],
      ['llamaindex', 'through', []],
      ['openai', 'observed', ['cjs', 'esm']],
      ['replicate', 'not observed', []],
      ['voyageai', 'not observed', []],
    ])
    expect(problems.map((line) => line.split(' ')[0])).toEqual(['groq-sdk', 'replicate', 'voyageai'])
  })

  test('as text, and with a library switched off', async () => {
    const { code, stdout } = await doctor([], folder, {
      OTEL_NODE_DISABLED_INSTRUMENTATIONS: 'openai',
      OTEL_CONFIG_FILE: 'x',
    })
    expect(code).toBe(1)
    expect(stdout).toMatch(/openai 7\.\S+ +off/)
    expect(stdout).toContain('OTEL_CONFIG_FILE is not read')
    expect(stdout).toContain('groq-sdk 9.0.0 is not observed: its files are not where those of major 0 and 1 are')
  })

  test('nothing', async () => {
    const { code, stdout } = await doctor([], empty)
    expect([code, stdout]).toEqual([
      0,
      'No client library that is known here is installed.\n\nNothing is left unobserved.\n',
    ])
  })
})

describe('what a command loads', () => {
  const loads = ['--json', '--', process.execPath, '--eval']

  test('its processes and threads are asked; its output stays off stdout, its exit code is told', async () => {
    const script = `require('openai-v7'); console.log('hello'); process.exitCode = 3
      new (require('node:worker_threads').Worker)('./thread.cjs')`
    const { code, stdout, stderr } = await doctor([...loads, script], folder)
    const { run, problems }: Answer = JSON.parse(stdout)
    expect(code).toBe(1)
    expect(run?.exitCode).toBe(3)
    expect(
      run?.reports.map(({ state }) => state.libraries.map(({ library, state: how }) => `${library} ${how}`)),
    ).toEqual([['openai patched'], ['openai patched']])
    expect(problems.some((line) => line.includes('was loaded'))).toBe(false)
    expect(stderr).toContain('hello')
  })

  test('a library that is not observed is a problem', async () => {
    const { code, stdout } = await doctor([...loads, "require('./node_modules/other/node_modules/replicate')"], folder)
    const { problems }: Answer = JSON.parse(stdout)
    expect(code).toBe(1)
    expect(problems).toContain(
      'replicate 1.2.0 was loaded and is not observed: its requests are seen as plain HTTP at most',
    )
  })

  test('no report is a problem as well', async () => {
    const { code, stdout } = await doctor(['--', 'true'], empty)
    expect(code).toBe(1)
    expect(stdout).toContain('no report came from the command (exit code 0)')
  })

  test.each([[['--']], [['--nonsense']]])('wrong usage: %j', async (args) => {
    expect((await doctor(args)).code).toBe(2)
  })
})
