import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** The backend of count-server.ts, in a process of its own. */
export interface Backend {
  readonly url: string
  /** Spans that have come. */
  readonly spans: number
  /** When each trace came first, in milliseconds since 1970. */
  readonly arrivals: Map<string, number>
  until(condition: () => boolean): Promise<void>
  /** Answers 503 from now on, or takes again. */
  pause(): void
  resume(): void
  stop(): void
}

const WAIT_MS_MAX = 120_000
const ARRIVALS_MAX = 1_000_000

export async function startBackend(): Promise<Backend> {
  const child = fork(fileURLToPath(new URL('count-server.ts', import.meta.url)))
  const [{ port }] = (await once(child, 'message')) as [{ port: number }]
  const arrivals = new Map<string, number>()
  let spans = 0
  child.on('message', (message: { spans: number; traceIds: readonly string[]; atMs: number }) => {
    spans += message.spans
    if (arrivals.size > ARRIVALS_MAX) arrivals.clear()
    for (const traceId of message.traceIds) if (!arrivals.has(traceId)) arrivals.set(traceId, message.atMs)
  })
  return {
    url: `http://127.0.0.1:${port}`,
    get spans() {
      return spans
    },
    arrivals,
    async until(condition) {
      const deadline = performance.now() + WAIT_MS_MAX
      while (!condition()) {
        if (performance.now() > deadline) throw new Error(`the backend waited in vain; it has ${spans} spans`)
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    },
    pause: () => void child.send('pause'),
    resume: () => void child.send('resume'),
    stop: () => child.disconnect(),
  }
}
