import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import * as z from 'zod'
import { until } from './until.ts'

export interface Sample {
  readonly metric: Readonly<Record<string, string>>
  readonly value: number
}

/** A real server with an HTTP API, until it is disposed of. */
export interface ApiServer extends AsyncDisposable {
  /** `http://host:port` */
  readonly url: string
  /** The answer to a GET of this path. Throws when it is not 2xx. */
  get(path: string): Promise<unknown>
}

export interface PrometheusServer extends ApiServer {
  /** An instant query. Throws what Prometheus has against it. */
  query(expression: string): Promise<readonly Sample[]>
}

/** Debian's Prometheus with this configuration, which stands in `folder` where it names files beside it. */
export async function startPrometheus(
  config: object,
  settings: { readonly folder?: string; readonly arguments?: readonly string[] } = {},
): Promise<PrometheusServer> {
  const server = await start(
    config,
    (file, state) => ({
      program: 'prometheus',
      args: [`--config.file=${file}`, `--storage.tsdb.path=${state}`, ...(settings.arguments ?? [])],
    }),
    settings.folder,
  )
  return {
    ...server,
    async query(expression) {
      const answer = vector.parse(await server.get(`/api/v1/query?query=${encodeURIComponent(expression)}`))
      return answer.data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }))
    },
  }
}

/** Debian's Alertmanager, alone. */
export const startAlertmanager = (config: object): Promise<ApiServer> =>
  start(config, (file, state) => ({
    program: 'prometheus-alertmanager',
    args: [`--config.file=${file}`, `--storage.path=${state}`, '--cluster.listen-address='],
  }))

async function start(
  config: object,
  command: (file: string, state: string) => { readonly program: string; readonly args: readonly string[] },
  given?: string,
): Promise<ApiServer> {
  const folder = await mkdtemp(join(tmpdir(), 'spanwarden-prometheus-'))
  const file = join(given ?? folder, 'config.yml')
  await writeFile(file, stringify(config))
  const { program, args } = command(file, join(folder, 'state'))
  const child = spawn(program, [...args, '--web.listen-address=127.0.0.1:0', '--log.level=info'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const closed = once(child, 'close')
  let log = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text))
  const address = (): string | undefined => /msg="Listening on" address=(\S+)/.exec(log)?.[1]
  await until(() => address() !== undefined || child.exitCode !== null, START_MS_MAX)
  if (child.exitCode !== null) throw new Error(`${program} did not start:\n${log}`)
  const url = `http://${address() ?? ''}`
  // It listens, and answers 503, before its storage is open.
  await until(async () => (await fetch(`${url}/-/ready`)).ok, START_MS_MAX)
  return {
    url,
    async get(path) {
      const response = await fetch(url + path)
      const text = await response.text()
      if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`)
      return JSON.parse(text) as unknown
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await closed
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const START_MS_MAX = 25_000

const vector = z.object({
  data: z.object({
    resultType: z.literal('vector'),
    result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) })),
  }),
})
