import { execFile, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import { parse, parseAllDocuments, stringify } from 'yaml'
import * as z from 'zod'
import { builtGoProgram } from '../support/go-program.ts'
import { projectFolder } from '../support/run-agent.ts'

/*
 * Compose files, manifests, the chart and the unit, read by what reads them in earnest: compose-go, kustomize, helm, the types of Kubernetes' API and its "restricted" Pod
 * Security Standard (test/interop/deployment, a Go program of those modules), systemd-analyze. None of it starts anything; test/e2e/container.test.ts does.
 */
const docker = join(projectFolder, 'docker')
const configs = join(projectFolder, 'collector-config')
const folder = mkdtempSync(join(tmpdir(), 'spanwarden-deployment-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const shared = ['embedded', 'guard', 'guard-fleet']
const ofOnesOwn = {
  agent: {
    command: ['node'],
    args: ['--import', 'spanwarden/register', 'a.js'],
    extraEnv: [{ name: 'KEY', valueFrom: { secretKeyRef: { name: 'keys', key: 'openai' } } }],
    volumeMounts: [{ name: 'prompts', mountPath: '/prompts', readOnly: true }],
  },
  volumes: [{ name: 'prompts', configMap: { name: 'prompts' } }],
  terminationGracePeriodSeconds: 90,
  serviceAccountName: 'support',
  imagePullSecrets: [{ name: 'registry' }],
  nodeSelector: { pool: 'agents' },
  tolerations: [{ key: 'agents', operator: 'Exists' }],
  podAnnotations: { 'example.org/team': 'support' },
}
const built = builtGoProgram(join(import.meta.dirname, 'deployment'))

describe.skipIf(built === undefined)('deployments (their reader is built by test/interop/build.sh)', () => {
  const program = built ?? ''

  const read = (...args: readonly string[]): Promise<string> =>
    promisify(execFile)(program, [...args], { maxBuffer: 16 * 1024 * 1024 }).then(({ stdout }) => stdout)
  /** What is wrong with manifests; "N manifests" when nothing is. */
  const check = (manifests: string): string =>
    spawnSync(program, ['check'], { input: manifests, encoding: 'utf8' }).stdout
  const values = (name: string, content: object): string => {
    const file = join(folder, `${name}.yaml`)
    writeFileSync(file, stringify(content))
    return file
  }
  const chart = join(docker, 'helm/spanwarden')

  test.each([['compose.jaeger.yaml'], ['compose.grafana.yaml'], []])('compose.yaml %s', async (...overlays) => {
    const files = ['compose.yaml', ...overlays].map((file) => join(docker, file))
    const { services } = project.parse(JSON.parse(await read('compose', ...files)))
    for (const { image, ports, volumes, command, ...service } of Object.values(services)) {
      expect(image).toMatch(/^[\w./-]+:v?\d+\.\d+\.\d+$/)
      for (const port of ports ?? []) expect(port.host_ip).toBe('127.0.0.1')
      const mounted = (volumes ?? []).filter(({ type }) => type === 'bind').map(({ source = '' }) => source)
      expect(mounted.filter((source) => !existsSync(source))).toEqual([])
      if (service.build === undefined) continue
      expect(service).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
      })
      expectConfigurations(command ?? [])
    }
  })

  test.each([
    ['base', '1 manifests\n'],
    ['example', '2 manifests\n'],
  ])('kustomize %s', async (name, verdict) => {
    const manifests = await read('kustomize', join(docker, 'kubernetes', name))
    expect(check(manifests)).toBe(verdict)
    for (const { args = [] } of podsOf(manifests).flatMap(({ initContainers }) => initContainers ?? []))
      expectConfigurations(args)
  })

  test('the policy of the example', () => {
    expect(check(readFileSync(join(docker, 'kubernetes/example/network-policy.yaml'), 'utf8'))).toBe('1 manifests\n')
  })

  test('the component adds the sidecar to every Deployment, and takes nothing away', async () => {
    const confined = {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    }
    const own = (name: string): object => ({ name, image: 'own:1', securityContext: confined })
    const deployments = ['one', 'two'].map((name) => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name },
      spec: {
        selector: { matchLabels: { app: name } },
        template: {
          metadata: { labels: { app: name } },
          spec: { initContainers: [own('first')], containers: [own('main')], volumes: [{ name: 'own', emptyDir: {} }] },
        },
      },
    }))
    writeFileSync(join(folder, 'deployments.yaml'), deployments.map((each) => stringify(each)).join('---\n'))
    const components = [relative(folder, join(docker, 'kubernetes/sidecar'))]
    // As docs/kubernetes.md says.
    const args = ['collect', ...['embedded', 'jaeger'].map((name) => `--config=/app/collector-config/${name}.yaml`)]
    const env = [{ name: 'JAEGER_ENDPOINT', value: 'jaeger-collector.tracing:4317' }]
    const kustomization = {
      resources: ['deployments.yaml'],
      components,
      images: [{ name: 'spanwarden', newName: 'registry.internal/spanwarden', newTag: '1.2.3' }],
      patches: [
        {
          target: { kind: 'Deployment' },
          patch: stringify({
            apiVersion: 'apps/v1',
            kind: 'Deployment',
            metadata: { name: 'any' },
            spec: { template: { spec: { initContainers: [{ name: 'spanwarden', args, env }] } } },
          }),
        },
        {
          patch: stringify({
            apiVersion: 'v1',
            kind: 'ConfigMap',
            metadata: { name: 'spanwarden-config' },
            data: { 'spanwarden.yaml': 'service: { shutdown_timeout: 3s }' },
          }),
        },
      ],
    }
    writeFileSync(join(folder, 'kustomization.yaml'), stringify(kustomization))
    const manifests = await read('kustomize', folder)
    expect(check(manifests)).toBe('3 manifests\n')
    expect(manifests).toContain("spanwarden.yaml: 'service: { shutdown_timeout: 3s }'")
    for (const { initContainers = [], containers, volumes = [] } of podsOf(manifests)) {
      expect(initContainers.map(({ name }) => name).toSorted()).toEqual(['first', 'spanwarden'])
      expect(initContainers.find(({ name }) => name === 'spanwarden')).toMatchObject({
        restartPolicy: 'Always',
        image: 'registry.internal/spanwarden:1.2.3',
        args,
        env: expect.arrayContaining([...env, { name: 'SPANWARDEN_HTTP_ENDPOINT', value: '0.0.0.0:8090' }]),
      })
      expect(containers.map(({ name }) => name)).toEqual(['main'])
      expect(volumes.map(({ name }) => name).toSorted()).toEqual([
        'own',
        'spanwarden-config',
        'spanwarden-sockets',
        'spanwarden-state',
      ])
    }
  })

  test.each([
    ['nothing', {}, 3],
    ['a backend', { sidecar: { configs: ['embedded', 'jaeger'], env: { JAEGER_ENDPOINT: 'jaeger:4317' } } }, 3],
    [
      'limits, kept',
      {
        limits: { enabled: true },
        persistence: { enabled: true, storageClass: 'fast' },
        agent: { envFromSecret: 'keys' },
      },
      4,
    ],
    ['an agent that answers nobody', { agent: { port: 0, env: { A: '1' } }, sidecar: { config: { service: {} } } }, 3],
    ['a user of a range of OpenShift', { user: 1_000_740_000 }, 3],
    ['nothing on top', { sidecar: { config: null } }, 3],
    ['part of a Gi', { persistence: { enabled: true, size: '1.5Gi' } }, 4],
    ['limits that are shared', { limits: { enabled: true }, replicas: 3, sidecar: { configs: shared } }, 3],
    ['what an agent of one’s own may need', ofOnesOwn, 3],
  ])('the chart with %s', async (name, content, count) => {
    const manifests = await read('helm', chart, values(name, content))
    expect(check(manifests)).toBe(`${count} manifests\n`)
    for (const { args = [] } of podsOf(manifests).flatMap(({ initContainers }) => initContainers ?? []))
      expectConfigurations(args)
  })

  test.each([
    ['a key that it does not have', { sidecars: {} }],
    ['a port of the sidecar', { agent: { port: 4318 } }],
    ['two pods on one volume', { persistence: { enabled: true }, replicas: 2 }],
    ['three pods with a budget each', { limits: { enabled: true }, replicas: 3 }],
    ['root', { user: 0 }],
    ['a number in the environment', { agent: { env: { A: 1 } } }],
  ])('the chart refuses %s', async (name, content) => {
    await expect(read('helm', chart, values(name, content))).rejects.toThrow("values don't meet the specifications")
  })

  test('the chart puts what it is given where it belongs', async () => {
    const manifests = await read('helm', chart, values('own', { ...ofOnesOwn, user: 1_000_740_000 }))
    expect(manifests).toContain('runAsUser: 1000740000')
    const [pod] = podsOf(manifests)
    expect(pod).toMatchObject({
      terminationGracePeriodSeconds: 90,
      serviceAccountName: 'support',
      imagePullSecrets: [{ name: 'registry' }],
      nodeSelector: { pool: 'agents' },
    })
    expect(pod?.containers[0]).toMatchObject({ command: ['node'], args: ['--import', 'spanwarden/register', 'a.js'] })
    expect(pod?.volumes?.map(({ name }) => name)).toEqual(expect.arrayContaining(['tmp', 'prompts']))
  })

  test('limits begin anew with no second pod beside', async () => {
    expect(await read('helm', chart, values('limits', { limits: { enabled: true } }))).toContain('type: Recreate')
    const content = { limits: { enabled: true }, sidecar: { configs: shared } }
    expect(await read('helm', chart, values('fleet', content))).not.toContain('type: Recreate')
  })

  test('the sidecar of the chart is that of the component', async () => {
    const [[inChart] = [], [inComponent] = []] = await Promise.all(
      [read('helm', chart), read('kustomize', join(docker, 'kubernetes/example'))].map(async (manifests) =>
        podsOf(await manifests).flatMap(({ initContainers }) => initContainers ?? []),
      ),
    )
    // The example has limits.
    expect({ ...inChart, args: [] }).toEqual({ ...inComponent, args: [] })
  })

  test('the check can fail', async () => {
    const manifests = await read('kustomize', join(docker, 'kubernetes/example'))
    const broken: [string, string, string][] = [
      ['runAsNonRoot: true', 'runAsNonRoot: false', 'not restricted'],
      ['restartPolicy: Always', 'restartsPolicy: Always', 'unknown field'],
      [
        'mountPath: /etc/spanwarden\n          name: spanwarden-config',
        'mountPath: /etc/spanwarden\n          name: other',
        'mounts other',
      ],
      ['containerPort: 8080', 'containerPort: 8090', 'port 8090'],
      ['port: sw-health', 'port: elsewhere', 'a probe asks port elsewhere'],
    ]
    for (const [good, bad, problem] of broken) {
      expect(manifests).toContain(good)
      expect(check(manifests.replaceAll(good, bad))).toContain(problem)
    }
  })
})

test('what finds pods goes by ports of the sidecar, to the jobs of the rules', () => {
  const sidecar = readFileSync(join(docker, 'kubernetes/sidecar/sidecar.yaml'), 'utf8')
  const scrapes = readFileSync(join(configs, 'prometheus/kubernetes.yml'), 'utf8')
  const monitor = readFileSync(join(docker, 'kubernetes/example/pod-monitor.yaml'), 'utf8')
  const inScrapes = [...scrapes.matchAll(/job_name: (\S+)[^]*?regex: (sw-\w+)/g)].map(([, job, port]) => [job, port])
  const inMonitor = [...monitor.matchAll(/port: (\S+)[^]*?replacement: (\S+) }/g)].map(([, port, job]) => [job, port])
  expect(inScrapes).toEqual([
    ['spanwarden-agents', 'sw-agents'],
    ['spanwarden', 'sw-metrics'],
  ])
  expect(inMonitor).toEqual(inScrapes)
  for (const [, port = ''] of inScrapes) expect(sidecar).toContain(`name: ${port},`)
})

test('Prometheus of the compose file does what that beside a sidecar does', () => {
  const own: unknown = parse(readFileSync(join(docker, 'grafana/prometheus.yml'), 'utf8'))
  const hosts = {
    'spanwarden:9464': '127.0.0.1:9464',
    'spanwarden:8888': '127.0.0.1:8888',
    'alertmanager:9093': '127.0.0.1:9093',
  }
  const text = Object.entries(hosts).reduce(
    (made, [inCompose, host]) => made.replaceAll(inCompose, host),
    JSON.stringify(own),
  )
  expect(JSON.parse(text)).toEqual(parse(readFileSync(join(configs, 'prometheus/prometheus.yml'), 'utf8')))
})

test.each([
  [['embedded', 'guard']],
  [['embedded', 'guard', 'jaeger']],
  [['embedded', 'guard', 'tempo']],
  [['embedded', '../docker/kubernetes/sidecar/spanwarden']],
])('the sidecar takes %j together', (names) => {
  const args = names.flatMap((name) => ['--config', join(configs, `${name}.yaml`)])
  const env = {
    ...process.env,
    SPANWARDEN_CONTROL_SOCKET: '/run/spanwarden/control.sock',
    SPANWARDEN_STATE_DIR: folder,
  }
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(projectFolder, 'src/cli.ts'), 'validate', ...args],
    { env, encoding: 'utf8' },
  )
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: expect.any(String), stderr: '' })
})

const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0
test.skipIf(!hasSystemd)('the unit (needs systemd-analyze)', () => {
  const unit = readFileSync(join(docker, 'systemd/spanwarden.service'), 'utf8')
  // The program is not installed here.
  const file = join(folder, 'spanwarden.service')
  writeFileSync(file, unit.replace('/usr/local/bin/spanwarden', process.execPath))
  const { stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--recursive-errors=no', file], {
    encoding: 'utf8',
  })
  expect((stdout + stderr).split('\n').filter((line) => line.includes('spanwarden.service'))).toEqual([])
})

/** What is read of a project of compose. */
const project = z.object({
  services: z.record(
    z.string(),
    z.looseObject({
      image: z.string(),
      build: z.unknown().optional(),
      command: z.array(z.string()).nullish(),
      ports: z.array(z.object({ host_ip: z.string().optional() })).optional(),
      volumes: z.array(z.object({ type: z.string(), source: z.string().optional() })).optional(),
    }),
  ),
})

const named = z.looseObject({ name: z.string(), args: z.array(z.string()).optional() })
const deployment = z.object({
  kind: z.literal('Deployment'),
  spec: z.object({
    template: z.object({
      spec: z.looseObject({
        initContainers: z.array(named).optional(),
        containers: z.array(named),
        volumes: z.array(named).optional(),
      }),
    }),
  }),
})

function podsOf(manifests: string): z.output<typeof deployment>['spec']['template']['spec'][] {
  const all = parseAllDocuments(manifests).map((document): unknown => document.toJS())
  return all.flatMap((each) => deployment.safeParse(each).data?.spec.template.spec ?? [])
}

/** Every configuration in the image that a command names is there. */
function expectConfigurations(command: readonly string[]): void {
  const known = readdirSync(configs)
  const inImage = '/app/collector-config/'
  const named = command.filter((argument) => argument.startsWith(inImage)).map((path) => path.slice(inImage.length))
  expect(named.filter((name) => !known.includes(name))).toEqual([])
}
