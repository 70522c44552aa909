import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { buildGoProgram } from './go-program.ts'
import { freePort } from './stock-collector.ts'
import { until } from './until.ts'

/** A record as an independent consumer in Go has read it. */
export interface KafkaRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly key: string | null
  readonly value: Buffer
  readonly headers: Readonly<Record<string, string>>
}

export interface KafkaBrokerOptions {
  readonly topics?: readonly string[]
  readonly sasl?: string
  readonly tls?: { readonly certFile: string; readonly keyFile: string }
  readonly maxBytes?: number
  readonly createsTopics?: boolean
}

export interface KafkaBroker extends AsyncDisposable {
  readonly port: number
  /** What is in the topics now: offsets are read once, also over a restart. */
  readonly records: readonly KafkaRecord[]
  /** The next request to produce, or each of them until 0, is answered with an error of Kafka. */
  fail(code: number, keeps?: boolean): void
  /** Ends the broker at once; what it has acknowledged is on disk. */
  kill(): Promise<void>
  /** Starts it again, at the same port and with the same log. */
  restart(): Promise<void>
}

/** A broker that speaks the protocol of Kafka (kfake of franz-go), in a process of its own, with its log on disk. */
export async function startKafkaBroker(options: KafkaBrokerOptions = {}): Promise<KafkaBroker> {
  const binary = await buildGoProgram(fileURLToPath(new URL('../interop/kafka', import.meta.url)))
  const { topics = ['otlp_spans:3', 'otlp_metrics:3', 'otlp_logs:3'], sasl, tls, maxBytes, createsTopics } = options
  const port = await freePort()
  const records = new Map<string, KafkaRecord>()
  const commandLine = [
    `--port=${port}`,
    `--folder=${mkdtempSync(join(tmpdir(), 'spanwarden-kafka-'))}`,
    `--topics=${topics.join(',')}`,
    ...(sasl === undefined ? [] : ['--sasl', sasl]),
    ...(tls === undefined ? [] : ['--cert', tls.certFile, '--key', tls.keyFile]),
    ...(maxBytes === undefined ? [] : ['--max-bytes', String(maxBytes)]),
    ...(createsTopics === true ? ['--create'] : []),
  ]
  let running = await start()

  async function start() {
    const child = spawn(binary, commandLine, { stdio: ['pipe', 'pipe', 'pipe'] })
    let [isReady, log] = [false, '']
    createInterface(child.stdout).on('line', (line) => {
      const printed = JSON.parse(line) as { listening: string } | (Omit<KafkaRecord, 'value'> & { value: string })
      if ('listening' in printed) isReady = true
      else {
        const { topic, partition, offset, value } = printed
        records.set(`${topic} ${partition} ${offset}`, { ...printed, value: Buffer.from(value, 'base64') })
      }
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text))
    child.stdin.on('error', () => {})
    await until(() => {
      if (child.exitCode !== null) throw new Error(`the broker ended: ${log}`)
      return isReady
    })
    return child
  }
  async function kill(): Promise<void> {
    if (running.exitCode !== null || running.signalCode !== null) return
    running.kill('SIGKILL')
    await once(running, 'close')
  }
  return {
    port,
    get records() {
      return [...records.values()]
    },
    fail: (code, keeps = false) => void running.stdin.write(`${code}${keeps ? ' keep' : ''}\n`),
    kill,
    async restart() {
      await kill()
      running = await start()
    },
    [Symbol.asyncDispose]: kill,
  }
}
