import type { CollectorParts, DeliveryPart } from './collector-parts.ts'
import type { ComponentHealth, Health, HealthReason, QueueFigures, QueueTrouble } from './health.ts'
import type { SendingQueueConfig } from './queue/queue-config.ts'

/** What all say together. Nobody is degraded before the start or after the stop. */
export function healthOf(
  parts: CollectorParts,
  about: Omit<Health, 'reasons' | 'components' | 'status'> & { readonly status: Lifecycle },
  others: { readonly reasons: readonly HealthReason[]; readonly queues: readonly QueueFigures[] } = NO_OTHERS,
): Health {
  const components = componentsOf(parts, [...queueFigures(parts), ...others.queues])
  if (about.status !== 'ok')
    return { ...about, components, reasons: [{ code: about.status, message: sentences[about.status] }] }
  const reasons = [
    ...[...parts.deliveries.values()].flatMap(deliveryReasons),
    ...extensionReasons(parts),
    ...others.reasons,
  ]
  const { problem } = about.config
  if (problem !== undefined)
    reasons.push({
      code: 'reload_failed',
      message: `the new configuration is not used: ${problem.message}`,
      since: problem.at,
    })
  return { ...about, status: reasons.length === 0 ? 'ok' : 'degraded', components, reasons }
}

const NO_OTHERS = { reasons: [], queues: [] }

export type Lifecycle = Exclude<Health['status'], 'degraded' | 'unready'>
const sentences: Readonly<Record<Exclude<Lifecycle, 'ok'>, string>> = {
  starting: 'not everything listens yet',
  draining: 'nothing new is taken in; what is queued is sent',
  stopped: 'everything has stopped',
}

interface Told {
  readonly delivery: Pick<DeliveryPart['delivery'], 'exporterId' | 'signal' | 'isFull' | 'failing' | 'diskProblem'>
  readonly sending: { readonly queue: Pick<SendingQueueConfig, 'on_full'> } | undefined
}

/** What is not well with a queue and what it sends to. */
export function deliveryReasons({ delivery, sending }: Told): HealthReason[] {
  const { exporterId, signal, isFull, failing, diskProblem } = delivery
  const reasons: HealthReason[] = []
  if (isFull === true) {
    const isDropping = sending?.queue.on_full === 'drop_oldest'
    const what = isDropping ? 'what has waited longest is dropped' : 'senders are told to come back later'
    const message = `the queue for ${signal} is full: ${what}`
    reasons.push({ code: 'queue_full', component: exporterId, message })
  }
  if (diskProblem !== undefined) {
    const message = `the disk did not keep a batch of ${signal} (${diskProblem}): senders are told to come back later`
    reasons.push({ code: 'queue_disk', component: exporterId, message })
  }
  if (failing !== undefined) {
    const message = `the backend does not take ${signal}: ${failing.reason}`
    const since = new Date(failing.sinceMs).toISOString()
    reasons.push({ code: 'exporter_failing', component: exporterId, message, since })
  }
  return reasons
}

const extensionReasons = ({ extensions }: CollectorParts): HealthReason[] =>
  Array.from(extensions.values(), ({ id, component }): HealthReason[] => {
    const message = component.problem?.()
    return message === undefined ? [] : [{ code: component.problemCode ?? 'extension_failing', component: id, message }]
  }).flat()

/** What waits before each exporter of this process. */
export const queueFigures = ({ deliveries }: CollectorParts): QueueFigures[] =>
  Array.from(deliveries.values(), ({ delivery }) => {
    const { exporterId, itemsHeld } = delivery
    return { exporterId, itemsHeld, trouble: troubleOf(delivery) }
  })

function troubleOf({ isFull, diskProblem, failing }: Told['delivery']): QueueTrouble | undefined {
  if (isFull === true) return 'its queue is full'
  if (diskProblem !== undefined) return 'its disk takes nothing'
  return failing === undefined ? undefined : 'its backend does not answer or refuses'
}

function componentsOf(
  { receivers, processors, connectors, exporters, extensions }: CollectorParts,
  queues: readonly QueueFigures[],
): ComponentHealth[] {
  const ok = (kind: string, ids: Iterable<string>): ComponentHealth[] =>
    [...ids].map((id) => ({ id, kind, status: 'ok' }))
  return [
    ...ok('receiver', receivers.keys()),
    ...ok('processor', new Set([...processors.values()].map(({ id }) => id))),
    ...ok('connector', connectors.keys()),
    ...exporterHealth([...exporters.keys()], queues),
    ...Array.from(extensions.values(), ({ id, component }): ComponentHealth => {
      const reason = component.problem?.()
      return { id, kind: 'extension', ...(reason === undefined ? { status: 'ok' } : { status: 'degraded', reason }) }
    }),
  ]
}

/** An exporter may be in workers only. */
function exporterHealth(ids: readonly string[], queues: readonly QueueFigures[]): ComponentHealth[] {
  const all = new Set([...ids, ...queues.map(({ exporterId }) => exporterId)])
  return [...all].map((id): ComponentHealth => {
    const own = queues.filter(({ exporterId }) => exporterId === id)
    const queued_items = own.reduce((sum, { itemsHeld }) => sum + itemsHeld, 0)
    const reason = own.find(({ trouble }) => trouble !== undefined)?.trouble
    const health = { id, kind: 'exporter', queued_items }
    return reason === undefined ? { ...health, status: 'ok' } : { ...health, status: 'degraded', reason }
  })
}
