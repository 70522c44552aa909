import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { spanBatchJson } from './span-batch.ts'

/** What the agent does from now on. */
export interface Behaviour {
  toolFails: boolean
  /** How long its requests take, as its spans say. */
  seconds: number
  /** Of each model call. */
  inputTokens: number
  queueDepth: number
  /** It sends nothing at all. */
  isDead: boolean
}

export interface ScriptedAgent extends AsyncDisposable {
  readonly behaviour: Behaviour
}

const PAUSE_MS = 200

/** An agent as a sidecar sees it: five requests a second over OTLP, each with a model call and a tool call, until it is disposed of. */
export function startScriptedAgent(otlpUrl: string, service: string): ScriptedAgent {
  const behaviour = { toolFails: false, seconds: 1, inputTokens: 100, queueDepth: 3, isDead: false }
  const aborter = new AbortController()
  const run = async (): Promise<void> => {
    while (!aborter.signal.aborted) {
      if (!behaviour.isDead) {
        await post(`${otlpUrl}/v1/traces`, request(service, behaviour))
        await post(`${otlpUrl}/v1/metrics`, queueDepth(service, behaviour))
      }
      await pause(PAUSE_MS, undefined, { signal: aborter.signal }).catch(() => undefined)
    }
  }
  const ended = run()
  return {
    behaviour,
    async [Symbol.asyncDispose]() {
      aborter.abort()
      await ended
    },
  }
}

/** A sidecar that is away is none of its business. */
const post = async (url: string, body: unknown): Promise<void> =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }).then(
    async (response) => void (await response.arrayBuffer()),
    () => undefined,
  )

function request(service: string, { toolFails, seconds, inputTokens }: Behaviour): unknown {
  const traceId = randomBytes(16).toString('hex')
  const [root, model, tool] = [id(), id(), id()]
  const times = { traceId, startMs: Date.now() - seconds * 1_000, endMs: Date.now() }
  const failure = toolFails ? { status: 2 } : {}
  const error = toolFails ? { 'error.type': 'timeout' } : {}
  return spanBatchJson({
    attributes: { 'service.name': service, 'service.version': '1' },
    spans: [
      {
        ...times,
        spanId: root,
        ...failure,
        attributes: { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': service, ...error },
      },
      {
        ...times,
        spanId: model,
        parentSpanId: root,
        attributes: {
          'gen_ai.operation.name': 'chat',
          'gen_ai.provider.name': 'openai',
          'gen_ai.request.model': 'gpt-4o-mini',
          'gen_ai.usage.input_tokens': inputTokens,
          'gen_ai.usage.output_tokens': 10,
        },
      },
      {
        ...times,
        spanId: tool,
        parentSpanId: root,
        ...failure,
        attributes: { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'search', ...error },
      },
    ],
  })
}

const queueDepth = (service: string, { queueDepth: depth }: Behaviour): unknown => ({
  resourceMetrics: [
    {
      resource: {
        attributes: [
          { key: 'service.name', value: { stringValue: service } },
          { key: 'service.instance.id', value: { stringValue: 'process-1' } },
        ],
      },
      scopeMetrics: [
        {
          scope: { name: 'test' },
          metrics: [
            {
              name: 'agent.queue.depth',
              unit: '{request}',
              gauge: {
                dataPoints: [
                  {
                    timeUnixNano: `${BigInt(Date.now()) * 1_000_000n}`,
                    asInt: `${depth}`,
                    attributes: [{ key: 'spanwarden.queue.name', value: { stringValue: 'inbox' } }],
                  },
                ],
              },
            },
          ],
        },
      ],
    },
  ],
})

const id = (): string => randomBytes(8).toString('hex')
