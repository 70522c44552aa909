import type { Clock, Logger } from './component.ts'
import type { Running } from './part.ts'

/** Stops them at the same time and waits for all, `timeoutMs` at most. One that fails is logged. */
export async function stopAll(
  running: Iterable<Running>,
  timeoutMs: number,
  { clock, logger }: { readonly clock: Pick<Clock, 'after'>; readonly logger: Logger },
): Promise<void> {
  const stops = [...running].map(async (one) => {
    try {
      await one.stop?.()
    } catch (error) {
      logger.warn({ error: error instanceof Error ? error.name : typeof error }, 'a component could not be stopped')
    }
  })
  await withinTime(Promise.all(stops), timeoutMs, clock)
}

/** Resolves when the promise does, or after `timeoutMs`. */
export async function withinTime(
  promise: Promise<unknown>,
  timeoutMs: number,
  clock: Pick<Clock, 'after'>,
): Promise<void> {
  let cancel = (): void => {}
  const late = new Promise<void>((resolve) => {
    cancel = clock.after(timeoutMs, resolve)
  })
  await Promise.race([promise, late])
  cancel()
}
