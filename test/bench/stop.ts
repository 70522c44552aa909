/**
 * How long until every process has confirmed a stop: agents that read a stream of the real openai client, and `spanwarden stop` as the sidecar tells it.
 * `node test/bench/stop.ts [processes] [rounds]`, after `npm run build`
 */
import type { ChildProcess } from 'node:child_process'
import { availableParallelism, loadavg } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import * as z from 'zod'
import { main } from '../../src/cli/main.ts'
import { startModelServer, sse } from '../support/model-server.ts'
import { CHUNKS } from '../support/openai-shapes.ts'
import { projectFolder } from '../support/run-agent.ts'
import { startSidecar } from '../support/sidecar-process.ts'
import { startBuiltAgent } from './built-agent.ts'
import { median } from './median.ts'

const [processes = 12, rounds = 5] = process.argv.slice(2).map(Number)
const STREAMING = `
  import OpenAI from 'openai'
  const client = new OpenAI({ apiKey: 'k', baseURL: process.env.MODEL + '/v1' })
  const request = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'hi' }], stream: true }
  for await (const chunk of await client.chat.completions.create(request)) process.send("CHUNK")`
const reportShape = z.object({ processes: z.array(z.object({ state: z.literal('confirmed'), afterMs: z.number() })) })
const server = await startModelServer()
server.answer(sse(CHUNKS.slice(0, 2), 'wait'))
const any = '127.0.0.1:0'
await using sidecar = await startSidecar(
  {
    receivers: { otlp: { protocols: { http: { endpoint: any } } } },
    exporters: { debug: {} },
    extensions: { guard: {} },
    service: {
      extensions: ['guard'],
      http: { endpoint: any },
      telemetry: { metrics: { level: 'none' } },
      pipelines: { traces: { receivers: ['otlp'], exporters: ['debug'] } },
    },
  },
  { cli: `${projectFolder}dist/cli.js` },
)
const slowest: number[] = []
for (let round = 0; round < rounds; round++) slowest.push(await stopAll(`agent-${round}`))
await server.close()
console.log(
  `${processes} processes, ${rounds} stops: the last confirmation after ${Math.round(median(slowest))} ms (median; ` +
    `${slowest.map(Math.round).join(', ')}); load ${loadavg()[0]?.toFixed(1)} on ${availableParallelism()} processors`,
)

async function stopAll(agentName: string): Promise<number> {
  const agents = await Promise.all(Array.from({ length: processes }, () => startAgent(agentName)))
  // Let the machine come to rest: what is measured is the stop, not what the starts have left to do.
  await setTimeout(2000)
  let report = ''
  const code = await main(['stop', `agent=${agentName}`, '--reason', 'measured', '--json'], {
    stdout: { write: (text) => (report += text.toString()) },
    stderr: process.stderr,
    env: { SPANWARDEN_STATE_DIR: sidecar.stateFolder },
    entry: `${projectFolder}dist/cli.js`,
  })
  for (const agent of agents) agent.kill('SIGKILL')
  const confirmed = reportShape.parse(JSON.parse(report)).processes
  if (code !== 0 || confirmed.length !== processes) throw new Error(`not all have confirmed it: ${report}`)
  return Math.max(...confirmed.map(({ afterMs }) => afterMs))
}

async function startAgent(agentName: string): Promise<ChildProcess> {
  const { child } = await startBuiltAgent(STREAMING, {
    MODEL: server.url,
    SPANWARDEN_STATE_DIR: sidecar.stateFolder,
    OTEL_SERVICE_NAME: agentName,
    OTEL_EXPORTER_OTLP_ENDPOINT: sidecar.listening['otlp_http'],
    OTEL_LOG_LEVEL: 'none',
  })
  return child
}
