import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './stock-collector.ts'
import { until } from './until.ts'

/** Path of redis-server or valkey-server; undefined where there is none. With CI=true its absence is a failure. */
export function findRedis(): string | undefined {
  for (const name of ['redis-server', 'valkey-server']) {
    try {
      return execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim()
    } catch {
      // The other one.
    }
  }
  if (process.env['CI'] === 'true') throw new Error('redis-server is missing: apt-get install redis-server')
  console.warn('skipped: there is no redis-server (apt-get install redis-server)')
  return undefined
}

export interface RedisServer extends AsyncDisposable {
  readonly port: number
  readonly url: string
  pause(): void
  goOn(): void
  /** At once, with what is not on disk. */
  kill(): Promise<void>
  /** At the same port, with what is on disk. */
  restart(): Promise<void>
  /** One command, as redis-cli takes it. */
  command(...words: string[]): Promise<string>
}

/** A server of its own, in a folder of its own. `settings`: as on its command line; nothing is kept on disk by default. */
export async function startRedis(
  settings: readonly string[] = ['--save', '', '--appendonly', 'no'],
  port?: number,
): Promise<RedisServer> {
  const binary = findRedis() ?? 'redis-server'
  const own = port ?? (await freePort())
  const folder = mkdtempSync(join(tmpdir(), 'spanwarden-redis-'))
  const files = settings.includes('--sentinel') ? [join(folder, 'sentinel.conf')] : []
  // A Sentinel wants a file that it can write.
  for (const file of files) writeFileSync(file, '')
  const start = async (): Promise<ChildProcess> => {
    const child = spawn(
      binary,
      [...files, '--port', String(own), '--bind', '127.0.0.1', '--dir', folder, '--loglevel', 'warning', ...settings],
      { stdio: 'ignore' },
    )
    await until(async () => (await send(own, ['PING']).catch(() => '')).includes('PONG'))
    return child
  }
  let child = await start()
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGCONT')
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  return {
    port: own,
    url: `redis://127.0.0.1:${own}`,
    pause: () => void child.kill('SIGSTOP'),
    goOn: () => void child.kill('SIGCONT'),
    kill,
    async restart() {
      await kill()
      child = await start()
    },
    command: (...words) => send(own, words),
    [Symbol.asyncDispose]: kill,
  }
}

/** A TCP proxy that can lose what comes, without a word. */
export async function startBlackhole(target: number) {
  let isOpen = true
  let port = target
  const sockets = new Set<Socket>()
  const server = createServer((from) => {
    const to = connect(port, '127.0.0.1')
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      sockets.add(one)
      one.on('data', (bytes) => void (isOpen && other.write(bytes)))
      one.on('error', () => one.destroy())
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const own = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `redis://127.0.0.1:${own}`,
    /** New connections go there. */
    redirect: (to: number) => void (port = to),
    lose: () => void (isOpen = false),
    pass: () => void (isOpen = true),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** A command in the protocol of Redis, and the first bytes of the answer. */
async function send(port: number, words: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    socket.write(`*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`)
    const [answer] = (await once(socket, 'data')) as [Buffer]
    return answer.toString()
  } finally {
    socket.destroy()
  }
}
