import { execFile, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import { describe, test } from 'vitest'
import { projectFolder } from './run-agent.ts'

const run = promisify(execFile)
const BASE_IMAGE = 'docker.io/library/node:24-bookworm-slim'
/** A machine that is itself confined can't raise them. */
const limits = ['nofile=1024:1024', 'nproc=1024:1024']
const BUILD_MS_MAX = 15 * 60_000

/** A suite that builds and runs images: skipped with one clear line where it can't. The base image is not pulled here. */
export function describeWithPodman(name: string, suite: () => void): void {
  const programs = ['podman', 'buildah', 'runc'].filter((program) => spawnSync(program, ['--version']).status !== 0)
  const hasBase = programs.length === 0 && spawnSync('podman', ['image', 'exists', BASE_IMAGE]).status === 0
  if (hasBase) {
    describe(name, suite)
    return
  }
  const missing = programs.length > 0 ? programs.join(' and ') : `the image ${BASE_IMAGE} (podman pull)`
  test.skip(`${name}: needs ${missing}`, () => undefined)
}

/** Builds an image with `args` of the build command behind the options that it needs here; layers of earlier builds are taken. */
export async function buildImage(tag: string, args: readonly string[]): Promise<void> {
  const certificates = '/etc/ssl/certs'
  const own = existsSync(`${certificates}/ca-certificates.crt`)
    ? [
        '--volume',
        `${certificates}:${certificates}:ro`,
        '--build-arg',
        `NODE_EXTRA_CA_CERTS=${certificates}/ca-certificates.crt`,
      ]
    : []
  // OCI images have no health check; docker's have.
  await run('buildah', ['bud', '--isolation', 'chroot', '--layers', '--format', 'docker', ...own, '-t', tag, ...args], {
    cwd: projectFolder,
    timeout: BUILD_MS_MAX,
    maxBuffer: 64 * 1024 * 1024,
  })
}

export interface ContainerOptions {
  readonly image: string
  /** Another than the image's. */
  readonly user?: string
  readonly env?: Readonly<Record<string, string>>
  /** Volume to path. */
  readonly volumes?: Readonly<Record<string, string>>
  /** The command. */
  readonly args?: readonly string[]
}

export interface Container extends AsyncDisposable {
  readonly name: string
  /** `podman exec`: what it printed. Rejects when it fails. */
  exec(...command: readonly string[]): Promise<string>
  /** Runs the image's health check once; its verdict. */
  health(): Promise<string>
  /** SIGTERM, after 20 s SIGKILL. Its exit code. */
  stop(): Promise<number>
  kill(): Promise<void>
  /** Resolves when it does not run any more. */
  ended(): Promise<void>
  startAgain(): Promise<void>
  logs(): Promise<string>
}

/** Starts a container as a strict host does: nothing may be written but volumes, no capability, no new privileges. It shares the network of this host. */
export async function startContainer({
  image,
  user,
  env = {},
  volumes = {},
  args = [],
}: ContainerOptions): Promise<Container> {
  const name = `spanwarden-test-${randomBytes(6).toString('hex')}`
  await podman(
    'run',
    '--detach',
    ...Object.entries({ name, runtime: 'runc', network: 'host', 'cap-drop': 'ALL' }).map(
      ([key, value]) => `--${key}=${value}`,
    ),
    ...limits.map((limit) => `--ulimit=${limit}`),
    '--read-only',
    '--read-only-tmpfs=false',
    '--security-opt=no-new-privileges',
    // Without systemd there is no timer for it; `health` runs it.
    '--health-interval=disable',
    ...(user === undefined ? [] : ['--user', user]),
    ...Object.entries(env).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
    ...Object.entries(volumes).flatMap(([volume, path]) => ['--volume', `${volume}:${path}`]),
    image,
    ...args,
  )
  const field = (format: string): Promise<string> => podman('inspect', '--format', format, name)
  return {
    name,
    exec: (...command) => podman('exec', name, ...command),
    async health() {
      await podman('healthcheck', 'run', name).catch(() => undefined)
      return field('{{.State.Health.Status}}')
    },
    async stop() {
      await podman('stop', '--time', '20', name)
      return Number(await field('{{.State.ExitCode}}'))
    },
    async kill() {
      await podman('kill', '--signal', 'KILL', name)
      await podman('wait', name)
    },
    ended: async () => void (await podman('wait', name)),
    startAgain: async () => void (await podman('start', name)),
    logs: async () => {
      const { stdout, stderr } = await run('podman', ['logs', name])
      return stdout + stderr
    },
    async [Symbol.asyncDispose]() {
      await podman('rm', '--force', '--time', '0', name)
    },
  }
}

/** A volume of this name; it takes owner and mode from the folder of the image where it is mounted first. */
export async function createVolume(): Promise<{ readonly name: string } & AsyncDisposable> {
  const name = await podman('volume', 'create')
  return { name, [Symbol.asyncDispose]: async () => void (await podman('volume', 'rm', '--force', name)) }
}

/** Bytes that an image has beyond the base image. */
export async function addedBytes(image: string): Promise<number> {
  const size = async (of: string): Promise<number> =>
    Number(await podman('image', 'inspect', '--format', '{{.Size}}', of))
  return (await size(image)) - (await size(BASE_IMAGE))
}

export async function podman(...args: readonly string[]): Promise<string> {
  const { stdout } = await run('podman', [...args])
  return stdout.trim()
}
