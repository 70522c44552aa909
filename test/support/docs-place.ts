import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startModelServer } from '../../examples/support-agent/model-server.ts'
import { freePort } from './stock-collector.ts'
import { until } from './until.ts'

export interface DocsPlace extends AsyncDisposable {
  /** Of the sidecar, while one runs. */
  readonly page: string
  /** Runs one line to its end, and rejects when its exit code is not 0; what runs until Ctrl-C is only waited for until it is ready. */
  run(line: string): Promise<void>
  /** Ctrl-C for what still runs: it has to end well. */
  end(): Promise<void>
}

const AGENT = `import OpenAI from 'openai'
const client = new OpenAI({ apiKey: 'none' })
const content = 'My address is ' + ['ada', 'example.com'].join('@')
await client.chat.completions.create({ model: 'gpt-5-mini', max_completion_tokens: 100, messages: [{ role: 'user', content }] })
`
const START_MS_MAX = 30_000

/** A new folder as the documentation takes it for granted: a package.json, the packed package (in `folder`) installed, an agent in `your-agent.js`, a model that answers. */
export async function docsPlace({ folder, root }: { folder: string; root: string }): Promise<DocsPlace> {
  const [tarball = ''] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'))
  const above = await mkdtemp(join(folder, 'docs-'))
  const here = join(above, 'agent')
  await mkdir(join(here, 'node_modules'), { recursive: true })
  // Above, since an installation would take it out as something that is not in package.json.
  await mkdir(join(above, 'node_modules'))
  await symlink(join(root, 'node_modules/openai'), join(above, 'node_modules/openai'))
  await symlink(join(folder, 'node_modules/spanwarden'), join(here, 'node_modules/spanwarden'))
  await symlink(join(folder, 'node_modules/.bin'), join(here, 'node_modules/.bin'))
  await writeFile(join(here, 'package.json'), '{ "name": "mine", "private": true, "type": "module" }')
  await writeFile(join(here, 'your-agent.js'), AGENT)
  await writeFile(join(here, 'notes.txt'), `write to ${['ada', 'example.com'].join('@')}\n`)
  await writeFile(join(here, 'texts.jsonl'), '{"id": 1, "text": "nothing"}\n')
  const models = await startModelServer({ latencyMs: 0 })
  const endpoints = {
    SPANWARDEN_OTLP_GRPC_ENDPOINT: `127.0.0.1:${await freePort()}`,
    SPANWARDEN_OTLP_HTTP_ENDPOINT: `127.0.0.1:${await freePort()}`,
    SPANWARDEN_HTTP_ENDPOINT: `127.0.0.1:${await freePort()}`,
    SPANWARDEN_PROMETHEUS_ENDPOINT: `127.0.0.1:${await freePort()}`,
    SPANWARDEN_OWN_METRICS_ADDRESS: `127.0.0.1:${await freePort()}`,
  }
  const { PATH, HOME, TMPDIR } = process.env
  const env = {
    PATH,
    HOME,
    TMPDIR,
    ...endpoints,
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://${endpoints.SPANWARDEN_OTLP_HTTP_ENDPOINT}`,
    OPENAI_BASE_URL: models.openaiUrl,
    // So that there is something to redact.
    OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: 'true',
    SPANWARDEN_STATE_DIR: join(above, 'state'),
    npm_config_offline: 'true',
    npm_config_audit: 'false',
    npm_config_fund: 'false',
  }
  const running: Command[] = []

  function start(line: string): Command {
    const command = line
      .replace('npm install spanwarden', `npm install ${join(folder, tarball)}`)
      .replaceAll('127.0.0.1:8080', endpoints.SPANWARDEN_HTTP_ENDPOINT)
    // In a group of its own, as a terminal gives Ctrl-C to all of it.
    const child = spawn('bash', ['-c', command], { cwd: here, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    const started: Command = { line, child, output: '', closed: once(child, 'close') }
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (started.output += text))
    return started
  }

  async function end(): Promise<void> {
    for (const command of running.splice(0)) {
      interrupt(command.child)
      await command.closed
      // The shell and npx pass the signal on, and end by it themselves.
      const { exitCode, signalCode } = command.child
      const isGood = (exitCode === 0 || signalCode === 'SIGINT') && command.output.includes('has stopped lost_items=0')
      if (!isGood) throw failed(command)
    }
  }

  return {
    page: `http://${endpoints.SPANWARDEN_HTTP_ENDPOINT}`,
    async run(line) {
      // One terminal: a second sidecar is started when the first has ended.
      const staysUp = /^npx spanwarden collect\b/.test(line)
      if (staysUp) await end()
      const command = start(line)
      if (!staysUp) {
        await command.closed
        if (command.child.exitCode !== 0) throw failed(command)
        return
      }
      running.push(command)
      await until(() => {
        if (command.child.exitCode !== null) throw failed(command)
        return command.output.includes('the sidecar is ready')
      }, START_MS_MAX)
    },
    end,
    async [Symbol.asyncDispose]() {
      for (const { child, closed } of running) {
        interrupt(child)
        await closed
      }
      await models.close()
      await rm(above, { recursive: true, force: true })
    },
  }
}

interface Command {
  readonly line: string
  readonly child: ChildProcess
  output: string
  readonly closed: Promise<unknown>
}

function interrupt({ pid, exitCode }: ChildProcess): void {
  if (pid !== undefined && exitCode === null) process.kill(-pid, 'SIGINT')
}

const failed = ({ line, child, output }: Command): Error =>
  new Error(`${line}\nended with ${child.exitCode ?? child.signalCode}:\n${output}`)
