/**
 * What the guard adds to a call within a lease: CPU of the agent's process for tools that read and for calls of a real openai client, with the guard and without it.
 * `node test/bench/guard-cost.ts [rounds]`, after `npm run build`
 */
import { availableParallelism, loadavg } from 'node:os'
import * as z from 'zod'
import { startModelServer } from '../support/model-server.ts'
import { completion } from '../support/openai-shapes.ts'
import { projectFolder } from '../support/run-agent.ts'
import { startSidecar } from '../support/sidecar-process.ts'
import { startBuiltAgent } from './built-agent.ts'
import { median } from './median.ts'

const [rounds = 5] = process.argv.slice(2).map(Number)
/** CPU of a call, in µs. */
const measuredShape = z.object({ tools: z.number(), models: z.number() })
type Measured = z.output<typeof measuredShape>
const TOOL_CALLS = 50_000
const MODEL_CALLS = 1_000
const SCRIPT = `
  import OpenAI from 'openai'
  import { tool } from ${JSON.stringify(`${projectFolder}dist/index.js`)}
  const look = tool('look', { class: 'read' }, async () => 1)
  const client = new OpenAI({ apiKey: 'k', baseURL: process.env.MODEL + '/v1', maxRetries: 0 })
  const ask = () => client.chat.completions.create({ model: 'gpt-4o-mini', max_tokens: 5, messages: [{ role: 'user', content: 'hi' }] })
  const cpuOf = async (calls, call) => {
    for (let i = 0; i < calls / 5; i++) await call()
    const before = process.cpuUsage()
    for (let i = 0; i < calls; i++) await call()
    const { user, system } = process.cpuUsage(before)
    return (user + system) / calls
  }
  const [tools, models] = [await cpuOf(${TOOL_CALLS}, look), await cpuOf(${MODEL_CALLS}, ask)]
  process.send({ tools, models }, () => process.exit())`
const server = await startModelServer()
server.answer(completion({ role: 'assistant', content: 'hello' }))
const any = '127.0.0.1:0'
await using sidecar = await startSidecar(
  {
    receivers: { otlp: { protocols: { http: { endpoint: any } } } },
    exporters: { debug: {} },
    extensions: {
      guard: {
        budgets: { daily: { scope: 'agent', limit_usd: 1000 } },
        rates: { posts: { class: 'post', limit: 10, window: '1h' } },
        loops: { enabled: false },
      },
    },
    service: {
      extensions: ['guard'],
      http: { endpoint: any },
      telemetry: { metrics: { level: 'none' } },
      pipelines: { traces: { receivers: ['otlp'], exporters: ['debug'] } },
    },
  },
  { cli: `${projectFolder}dist/cli.js` },
)
const seen: (Measured & { readonly mode: string })[] = []
for (let round = 0; round < rounds; round++)
  for (const mode of ['off', 'enforce']) seen.push({ mode, ...(await measured(mode)) })
await server.close()
for (const what of ['tools', 'models'] as const) {
  const of = (mode: string): number => median(seen.filter((one) => one.mode === mode).map((one) => one[what]))
  const added = of('enforce') - of('off')
  console.log(
    `${what}: ${of('off').toFixed(1)} µs a call without, ${of('enforce').toFixed(1)} with the guard: +${added.toFixed(1)} µs`,
  )
}
console.log(`medians of ${rounds} rounds; load ${loadavg()[0]?.toFixed(1)} on ${availableParallelism()} processors`)

async function measured(mode: string): Promise<Measured> {
  const { message } = await startBuiltAgent(SCRIPT, {
    MODEL: server.url,
    SPANWARDEN_STATE_DIR: sidecar.stateFolder,
    SPANWARDEN_GUARD: mode,
    OTEL_TRACES_EXPORTER: 'none',
    OTEL_METRICS_EXPORTER: 'none',
    OTEL_LOGS_EXPORTER: 'none',
    OTEL_LOG_LEVEL: 'none',
  })
  return measuredShape.parse(message)
}
