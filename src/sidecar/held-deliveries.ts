import { RefusedError } from './component.ts'
import type { ComponentContext, Payload, Processor } from './component.ts'
import type { Delivery } from './delivery.ts'
import { faultOf } from './fault.ts'

/** What a pipeline needs of a delivery. */
export type Target = Pick<Delivery, 'checkRoom' | 'deliver'>

export interface BehindHolders {
  /** By the id of the processor: what stands behind each that holds batches. */
  readonly behind: ReadonlyMap<string, readonly Target[]>
  /** What the pipeline delivers to. */
  readonly targets: readonly Target[]
}

/**
 * Puts the processors that hold batches before the deliveries, the first of them in the pipeline's order first. `behindNow` is what stands behind one of them in the
 * pipeline that runs: a reload may have put others there since it took a batch.
 */
export function behindHolders(
  processors: readonly { readonly id: string; readonly component: Processor }[],
  deliveries: readonly Delivery[],
  pipeline: string,
  behindNow: (processor: string) => readonly Target[] | undefined,
  context: Context,
): BehindHolders {
  const behind = new Map<string, readonly Target[]>()
  let targets: readonly Target[] = deliveries
  for (const { id, component } of processors.toReversed()) {
    if (component.hold === undefined) continue
    const own = targets
    behind.set(id, own)
    const forward = (payload: Payload): Promise<void> =>
      forwardTo(payload, () => behindNow(id) ?? own, pipeline, context)
    targets = [component.hold({ pipeline, forward })]
  }
  return { behind, targets }
}

const RETRY_MS = 1_000

type Context = Pick<ComponentContext, 'clock' | 'logger' | 'metrics'>

async function forwardTo(
  payload: Payload,
  targets: () => readonly Target[],
  pipeline: string,
  context: Context,
): Promise<void> {
  payload.retain()
  await Promise.all(
    targets().map((target) => deliver(payload, target, () => targets().includes(target), pipeline, context)),
  )
  payload.release()
}

/** Until it is taken, refused for good, or the exporter is gone. */
async function deliver(
  payload: Payload,
  target: Target,
  isThere: () => boolean,
  pipeline: string,
  { clock, logger, metrics }: Context,
): Promise<void> {
  while (isThere()) {
    try {
      await target.deliver(payload)
      return
    } catch (error) {
      if (!(error instanceof RefusedError) || error.reason !== 'busy') {
        const name = 'spanwarden_pipeline_lost_items'
        metrics
          .counter(name, 'Items that were held and that an exporter refused for good.', { pipeline })
          .add(payload.items)
        const reason = error instanceof RefusedError ? { reason: error.reason } : faultOf(error)
        logger.error({ pipeline, items: payload.items, ...reason }, 'held items were refused for good and are lost')
        return
      }
      const waitMs = error.retryAfterMs ?? RETRY_MS
      await new Promise<void>((resolve) => {
        clock.after(waitMs, resolve)
      })
    }
  }
}
