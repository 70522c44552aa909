import { context } from '@opentelemetry/api'
import type { Context } from '@opentelemetry/api'
import type { StreamObserver } from '../../stream.ts'

/**
 * A stream that gives what `source` gives, one item for one read, and tells an observer. The work of the source happens inside `within`,
 * whoever reads: its reads start the next step of an agent. Readers' own work is not inside: an item is handed over after the read.
 */
export function relay(source: ReadableStream<unknown>, within: Context, observer: StreamObserver): ReadableStream {
  const reader = source.getReader()
  let over = false
  const end = (tell: () => void): void => {
    if (over) return
    over = true
    tell()
  }
  const read = (): Promise<{ readonly done: boolean; readonly value?: unknown }> => reader.read()
  return new ReadableStream(
    {
      pull: (controller) =>
        context.with(within, read).then(
          ({ done, value }) => {
            if (done) {
              end(() => observer.completed())
              controller.close()
            } else {
              if (!over) observer.item(value)
              controller.enqueue(value)
            }
          },
          (error: unknown) => {
            end(() => observer.failed(error))
            throw error
          },
        ),
      cancel(reason) {
        end(() => observer.stopped())
        return context.with(within, () => reader.cancel(reason))
      },
    },
    { highWaterMark: 0 },
  )
}
