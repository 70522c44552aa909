import { context } from '@opentelemetry/api'
import type { Context } from '@opentelemetry/api'
import type { StreamObserver } from '../../stream.ts'

/**
 * A stream that gives what `source` gives, one item for one read, and tells an observer. The work of the source happens inside `within`,
 * whoever reads: its reads start the next step of an agent. Readers' own work is not inside: an item is handed over after the read.
 */
export function relay(source: ReadableStream<unknown>, within: Context, observer: StreamObserver): ReadableStream {
  const reader = source.getReader()
  const read = (): Promise<Step> => reader.read()
  let over = false
  const end = (tell: () => void): void => {
    if (over) return
    over = true
    tell()
  }
  const give = (controller: ReadableStreamDefaultController, { done, value }: Step): void => {
    if (!done) {
      if (!over) observer.item(value)
      return controller.enqueue(value)
    }
    end(() => observer.completed())
    controller.close()
  }
  const fail = (error: unknown): never => {
    end(() => observer.failed(error))
    throw error
  }
  return new ReadableStream(
    {
      pull: (controller) => context.with(within, read).then((step) => give(controller, step), fail),
      cancel(reason) {
        end(() => observer.stopped())
        return context.with(within, () => reader.cancel(reason))
      },
    },
    { highWaterMark: 0 },
  )
}

interface Step {
  readonly done: boolean
  readonly value?: unknown
}
