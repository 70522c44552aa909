import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { describe, expect, test } from 'vitest'
import { projectFolder } from '../../test/support/run-agent.ts'
import { runNode } from '../../test/support/run-node.ts'
import { commands } from './commands.ts'
import { main } from './main.ts'

const entry = `${projectFolder}src/cli.ts`

async function spanwarden(argv: readonly string[], env: Record<string, string> = {}) {
  let stdout = ''
  let stderr = ''
  const io = {
    stdout: { write: (text: string | Uint8Array) => void (stdout += String(text)) },
    stderr: { write: (text: string) => void (stderr += text) },
    env,
    entry,
  }
  const code = await main(argv, io)
  return { code, stdout, stderr }
}

const VALID = `yaml:{receivers: {otlp: {protocols: {http: }}}, exporters: {debug: },
  service: {pipelines: {traces: {receivers: [otlp], exporters: [debug]}}}}`

test('an old Node is told which version is needed', async () => {
  const pretend = `data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.19.0'}})`
  const run = await runNode(['--import', pretend, entry, '--version'], { cwd: projectFolder, env: {} })
  expect([run.code, run.stdout]).toEqual([1, ''])
  expect(run.stderr).toContain('needs Node.js 22.19 or newer')
})

test('the entry file has no import before the version check, nor anything that an old Node can not read', () => {
  const code = stripTypeScriptTypes(readFileSync(entry, 'utf8'))
  expect(code).not.toMatch(/^\s*import\s[^(]/m)
  expect(code.indexOf('process.versions')).toBeLessThan(code.indexOf('import('))
})

describe('help', () => {
  test('lists every command', async () => {
    const { code, stdout } = await spanwarden([])
    expect(code).toBe(0)
    for (const { name, summary } of commands) {
      expect(stdout).toContain(name)
      expect(stdout).toContain(summary)
    }
  })

  test.each(commands.map(({ name }) => name))('%s --help says how it is used, without doing anything', async (name) => {
    const { code, stdout, stderr } = await spanwarden([name, '--help'])
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toContain(`Usage: spanwarden ${name}`)
    expect(await spanwarden(['help', name])).toEqual({ code, stdout, stderr })
  })
})

test('--version is that of package.json', async () => {
  const { version }: { version?: string } = JSON.parse(readFileSync(`${projectFolder}package.json`, 'utf8'))
  expect(await spanwarden(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
})

test.each([
  [['nothing'], 'there is no command nothing'],
  [['collect', '--nothing'], "Unknown option '--nothing'"],
  [['collect', 'file'], 'Unexpected argument'],
  [['run', 'node', 'agent.js'], 'comes after --'],
  [['run', '--'], 'comes after --'],
  [['validate', '--set', 'nonsense'], 'write it as a.b=value'],
  [['components', 'otpl'], 'did you mean otlp?'],
])('wrong usage is exit code 2: %j', async (argv, message) => {
  const { code, stderr } = await spanwarden(argv)
  expect(stderr).toContain(message)
  expect(code).toBe(2)
})

describe('validate', () => {
  test('valid is 0', async () => {
    expect(await spanwarden(['validate', '--config', VALID])).toMatchObject({
      code: 0,
      stdout: 'the configuration is valid\n',
    })
  })

  test('problems are 78, each on its line', async () => {
    const argv = ['validate', '--config', VALID, '--set', 'service.htp=1', '--set', 'exporters.debug.x=1']
    const { code, stderr } = await spanwarden(argv)
    expect(code).toBe(78)
    expect(stderr.trim().split('\n')).toHaveLength(2)
    const { stdout } = await spanwarden([...argv, '--json'])
    expect(JSON.parse(stdout)).toMatchObject({ problems: [{ path: 'service.htp' }, { path: 'exporters.debug.x' }] })
  })

  test('ready configurations by their names; one that is not there is told which there are', async () => {
    expect(await spanwarden(['validate', '--config', 'embedded', '--config', 'jaeger'])).toMatchObject({ code: 0 })
    expect(await spanwarden(['validate', '--config', 'jager'])).toMatchObject({
      code: 78,
      stderr: expect.stringMatching(
        /^there is no file jager, and no ready configuration of that name: .*embedded, .*jaeger/,
      ),
    })
  })

  test('a file that is not there is 78', async () => {
    expect(await spanwarden(['collect', '--config', '/not/there.yaml'])).toMatchObject({
      code: 78,
      stderr: "can't read /not/there.yaml (ENOENT)\n",
    })
  })

  test('what is no file of a sensible size is not read to its end', async () => {
    expect(await spanwarden(['validate', '--config', '/dev/zero'])).toMatchObject({
      code: 78,
      stderr: "can't read /dev/zero (EFBIG)\n",
    })
  })
})

test('print-config shows what files, variables and settings come to, without secrets', async () => {
  const argv = ['print-config', '--json', '--config', 'env:CONFIG', '--set', 'service.shutdown_timeout=3s']
  const secret = 'hush'.repeat(4)
  const { code, stdout } = await spanwarden(
    [...argv, '--config', VALID, '--config', 'yaml:exporters::otlp_http::headers::x: ${env:TOKEN}'],
    {
      CONFIG: 'exporters: {otlp_http: {endpoint: "https://example.com"}}',
      TOKEN: secret,
    },
  )
  expect(code).toBe(0)
  expect(stdout).not.toContain(secret)
  expect(JSON.parse(stdout)).toMatchObject({
    exporters: { otlp_http: { endpoint: 'https://example.com', headers: { x: '[REDACTED]' } }, debug: null },
    service: { shutdown_timeout: '3s' },
  })
})

test('components lists all, and the options of one with their defaults', async () => {
  const { stdout } = await spanwarden(['components', '--json'])
  const listed: unknown[] = JSON.parse(stdout)
  expect(listed).toContainEqual(expect.objectContaining({ kind: 'exporter', type: 'otlp_grpc', aliases: ['otlp'] }))
  expect((await spanwarden(['components', 'otlp'])).stdout).toContain('["127.0.0.1:4318"]')
})

test('components --schema prints the JSON schema for editors', async () => {
  const { code, stdout } = await spanwarden(['components', '--schema'])
  const schema: unknown = JSON.parse(stdout)
  expect(code).toBe(0)
  expect(schema).toMatchObject({ type: 'object', properties: { receivers: {}, service: {} } })
})
