import { randomBytes } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import { startModelServer } from '../../examples/support-agent/model-server.ts'
import {
  addedBytes,
  buildImage,
  createVolume,
  describeWithPodman,
  podman,
  startContainer,
} from '../support/container.ts'
import type { Container } from '../support/container.ts'
import { startOtlpSink } from '../support/otlp-sink.ts'
import { post } from '../support/post.ts'
import { findRedis, startRedis } from '../support/redis-server.ts'
import { spanBatch } from '../support/span-batch.ts'
import { freePort } from '../support/stock-collector.ts'
import { until } from '../support/until.ts'

const MIB = 1024 * 1024
const STATE = '/var/lib/spanwarden'
const SOCKETS = '/run/spanwarden'
const WAIT_MS_MAX = 60_000
const folder = '/app/collector-config'
const configs = ['embedded', 'grafana', 'guard'].flatMap((name) => ['--config', `${folder}/${name}.yaml`])

describeWithPodman('the images', () => {
  beforeAll(async () => {
    await buildImage('spanwarden-test', ['-f', 'docker/Dockerfile', '.'])
    await buildImage('spanwarden-test-agent', [
      '--build-arg',
      'SPANWARDEN_IMAGE=localhost/spanwarden-test',
      'docker/agent',
    ])
  }, 20 * 60_000)

  test('are little more than their base, and nobody in them is root', async () => {
    for (const image of ['spanwarden-test', 'spanwarden-test-agent']) {
      const [bytes, user] = [await addedBytes(image), await podman('image', 'inspect', '--format', '{{.User}}', image)]
      console.info(`${image}: ${(bytes / MIB).toFixed(1)} MiB beyond the base`)
      expect(bytes).toBeLessThan(60 * MIB)
      expect(user).toBe('1000:1000')
    }
  })

  test(
    'the sidecar is healthy on a read-only file system, without capabilities',
    { timeout: 2 * WAIT_MS_MAX },
    async () => {
      await using volumes = await startVolumes()
      const startMs = performance.now()
      await using sidecar = await startSidecar({ volumes, backend: 'http://127.0.0.1:9' })
      console.info(`container start to ready: ${(performance.now() - startMs).toFixed(0)} ms`)
      expect(await sidecar.container.health()).toBe('healthy')
      expect(await sidecar.container.exec('id', '-u')).toBe('1000')
      expect(await sidecar.container.exec('spanwarden', 'validate', ...configs)).toMatch(/valid/)
      expect(await sidecar.container.exec('grep', '^CapEff', '/proc/1/status')).toMatch(/\t0+$/)
      await expect(sidecar.container.exec('touch', '/app/file')).rejects.toThrow('Read-only file system')
      expect(await sidecar.container.stop()).toBe(0)
    },
  )

  test(
    'the agent sends through the sidecar, which redacts, and asks it over a shared socket',
    { timeout: 2 * WAIT_MS_MAX },
    async () => {
      await using backend = await startOtlpSink()
      const models = await startModelServer()
      try {
        await using volumes = await startVolumes()
        await using sidecar = await startSidecar({ volumes, backend: backend.url })
        const port = await freePort()
        await using agent = await startContainer({
          image: 'spanwarden-test-agent',
          env: {
            PORT: `${port}`,
            OPENAI_BASE_URL: models.openaiUrl,
            OTEL_EXPORTER_OTLP_ENDPOINT: sidecar.otlp,
            OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: 'true',
            SPANWARDEN_GUARD: 'enforce',
          },
          volumes: { [volumes.sockets]: SOCKETS },
        })
        const ask = (): Promise<Response> =>
          fetch(`http://127.0.0.1:${port}/ask`, {
            method: 'POST',
            body: 'Where is the parcel of anna.lind@example.org?',
          })
        await untilAnswers(`http://127.0.0.1:${port}/health`, agent)
        expect(await agent.health()).toBe('healthy')
        expect((await ask()).status).toBe(200)
        await backend.until(({ spans }) => spans.some(({ name }) => name === 'invoke_agent example'), WAIT_MS_MAX)
        const [root] = backend.spans.filter(({ name }) => name === 'invoke_agent example')
        const trace = backend.spans.filter(({ traceId }) => traceId === root?.traceId)
        expect(trace.map(({ name }) => name)).toContain('chat gpt-5-mini')
        expect(root?.resource['service.name']).toBe('example-agent')
        const sent = Buffer.concat(backend.requests.map(({ body }) => body)).toString('latin1')
        expect(sent).toContain('Where is the parcel of')
        expect(sent).not.toContain('anna.lind')

        await sidecar.container.exec('spanwarden', 'stop')
        expect((await ask()).status).toBe(502)
        expect(await agent.stop()).toBe(0)
      } finally {
        await models.close()
      }
    },
  )

  test.skipIf(findRedis() === undefined)(
    'a fleet shares its limits over Redis: the client is in the image (needs redis-server)',
    { timeout: 2 * WAIT_MS_MAX },
    async () => {
      await using redis = await startRedis(['--save', '', '--appendonly', 'no', '--maxmemory-policy', 'noeviction'])
      await using volumes = await startVolumes()
      await using sidecar = await startSidecar({
        volumes,
        backend: 'http://127.0.0.1:9',
        env: { REDIS_URL: `${redis.url}/0` },
        args: ['--config', `${folder}/guard-fleet.yaml`],
      })
      await until(async () => (await redis.command('KEYS', '*')).includes('{spanwarden}:nodes'), WAIT_MS_MAX)
      expect(await sidecar.container.stop()).toBe(0)
    },
  )

  test('a volume of another user: the error says whose it is and what to do', { timeout: WAIT_MS_MAX }, async () => {
    await using state = await createVolume()
    await using container = await startContainer({
      image: 'spanwarden-test',
      user: '2000',
      volumes: { [state.name]: STATE },
      env: { SPANWARDEN_HTTP_ENDPOINT: '127.0.0.1:0' },
    })
    await container.ended()
    const logs = await container.logs()
    expect(logs).toContain("can't be written by uid 2000")
    expect(logs).toMatch(/belongs to uid \d+/)
  })

  test('SIGTERM sends what is queued', { timeout: 2 * WAIT_MS_MAX }, async () => {
    let isAway = true
    await using backend = await startOtlpSink({
      refuse: (_request, response) => isAway && Boolean(response.writeHead(503).end()),
    })
    await using volumes = await startVolumes()
    await using sidecar = await startSidecar({ volumes, backend: backend.url })
    const sent = await sendSpans(sidecar.otlp, 100)
    expect(missingAt(backend, sent)).toHaveLength(100)
    isAway = false
    expect(await sidecar.container.stop()).toBe(0)
    expect(missingAt(backend, sent)).toEqual([])
  })

  test('SIGKILL loses nothing that was acknowledged', { timeout: 2 * WAIT_MS_MAX }, async () => {
    let isAway = true
    await using backend = await startOtlpSink({
      refuse: (_request, response) => isAway && Boolean(response.writeHead(503).end()),
    })
    await using volumes = await startVolumes()
    await using sidecar = await startSidecar({ volumes, backend: backend.url })
    const sent = await sendSpans(sidecar.otlp, 100)
    await sidecar.container.kill()
    expect(missingAt(backend, sent)).toHaveLength(100)
    isAway = false
    await sidecar.container.startAgain()
    await until(() => missingAt(backend, sent).length === 0, WAIT_MS_MAX)
  })
})

interface Volumes extends AsyncDisposable {
  readonly state: string
  readonly sockets: string
}

async function startVolumes(): Promise<Volumes> {
  const [state, sockets] = [await createVolume(), await createVolume()]
  return {
    state: state.name,
    sockets: sockets.name,
    async [Symbol.asyncDispose]() {
      await Promise.all([state[Symbol.asyncDispose](), sockets[Symbol.asyncDispose]()])
    },
  }
}

interface Sidecar extends AsyncDisposable {
  readonly container: Container
  /** URL for OTLP/HTTP. */
  readonly otlp: string
}

interface SidecarOptions {
  readonly volumes: Volumes
  /** URL for OTLP/HTTP. */
  readonly backend: string
  readonly env?: Readonly<Record<string, string>>
  /** Behind the configurations. */
  readonly args?: readonly string[]
}

/** The sidecar's container, ready. */
async function startSidecar({
  volumes: { state, sockets },
  backend,
  env = {},
  args = [],
}: SidecarOptions): Promise<Sidecar> {
  const ports = await Promise.all(Array.from({ length: 5 }, freePort))
  const [http, otlpHttp, otlpGrpc, prometheus, own] = ports.map((port) => `127.0.0.1:${port}`)
  const container = await startContainer({
    image: 'spanwarden-test',
    env: {
      SPANWARDEN_HTTP_ENDPOINT: `${http}`,
      SPANWARDEN_OTLP_HTTP_ENDPOINT: `${otlpHttp}`,
      SPANWARDEN_OTLP_GRPC_ENDPOINT: `${otlpGrpc}`,
      SPANWARDEN_PROMETHEUS_ENDPOINT: `${prometheus}`,
      SPANWARDEN_OWN_METRICS_ADDRESS: `${own}`,
      SPANWARDEN_CONTROL_SOCKET: `${SOCKETS}/control.sock`,
      GRAFANA_OTLP_ENDPOINT: backend,
      ...env,
    },
    volumes: { [state]: STATE, [sockets]: SOCKETS },
    args: ['collect', ...configs, ...args],
  })
  try {
    await untilAnswers(`http://${http}/readyz`, container)
  } catch (error) {
    await container[Symbol.asyncDispose]()
    throw error
  }
  return { container, otlp: `http://${otlpHttp}`, [Symbol.asyncDispose]: () => container[Symbol.asyncDispose]() }
}

async function untilAnswers(url: string, container: Container): Promise<void> {
  const answers = (): Promise<boolean> =>
    fetch(url).then(
      ({ ok }) => ok,
      () => false,
    )
  const end = container.ended().then(() => Promise.reject(new Error('the container has ended')))
  await Promise.race([until(answers, WAIT_MS_MAX), end]).catch(async (error: unknown) => {
    throw new Error(`${url} does not answer:\n${await container.logs()}`, { cause: error })
  })
}

/** Ids of the spans that were acknowledged, one request each. */
async function sendSpans(otlp: string, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => randomBytes(8).toString('hex'))
  await Promise.all(
    ids.map(async (spanId) => {
      const { status } = await post(`${otlp}/v1/traces`, spanBatch({ spans: [{ spanId }] }))
      expect(status).toBe(200)
    }),
  )
  return ids
}

function missingAt(
  { spans }: { readonly spans: readonly { readonly spanId: string }[] },
  sent: readonly string[],
): string[] {
  const arrived = new Set(spans.map(({ spanId }) => spanId))
  return sent.filter((id) => !arrived.has(id))
}
