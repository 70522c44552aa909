import type { CollectorParts, DeliveryPart } from './collector-parts.ts'
import type { ComponentHealth, Health, HealthReason } from './health.ts'
import type { SendingQueueConfig } from './queue/queue-config.ts'

/** What all say together. Nobody is degraded before the start or after the stop. */
export function healthOf(
  parts: CollectorParts,
  about: Omit<Health, 'reasons' | 'components' | 'status'> & { readonly status: Lifecycle },
  others: readonly HealthReason[] = [],
): Health {
  const components = componentsOf(parts)
  if (about.status !== 'ok')
    return { ...about, components, reasons: [{ code: about.status, message: sentences[about.status] }] }
  const reasons = [...[...parts.deliveries.values()].flatMap(deliveryReasons), ...extensionReasons(parts), ...others]
  const { problem } = about.config
  if (problem !== undefined)
    reasons.push({
      code: 'reload_failed',
      message: `the new configuration is not used: ${problem.message}`,
      since: problem.at,
    })
  return { ...about, status: reasons.length === 0 ? 'ok' : 'degraded', components, reasons }
}

type Lifecycle = Exclude<Health['status'], 'degraded' | 'unready'>
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

function componentsOf({
  receivers,
  processors,
  connectors,
  exporters,
  extensions,
  deliveries,
}: CollectorParts): ComponentHealth[] {
  const ok = (kind: string, ids: Iterable<string>): ComponentHealth[] =>
    [...ids].map((id) => ({ id, kind, status: 'ok' }))
  return [
    ...ok('receiver', receivers.keys()),
    ...ok('processor', new Set([...processors.values()].map(({ id }) => id))),
    ...ok('connector', connectors.keys()),
    ...[...exporters.keys()].map((id) => exporterHealth(id, deliveries)),
    ...Array.from(extensions.values(), ({ id, component }): ComponentHealth => {
      const reason = component.problem?.()
      return { id, kind: 'extension', ...(reason === undefined ? { status: 'ok' } : { status: 'degraded', reason }) }
    }),
  ]
}

function exporterHealth(id: string, deliveries: CollectorParts['deliveries']): ComponentHealth {
  const own = [...deliveries.values()].map(({ delivery }) => delivery).filter(({ exporterId }) => exporterId === id)
  const queuedItems = own.reduce((sum, { itemsHeld }) => sum + itemsHeld, 0)
  const health = { id, kind: 'exporter', queued_items: queuedItems }
  if (own.some(({ isFull }) => isFull === true)) return { ...health, status: 'degraded', reason: 'its queue is full' }
  if (own.some(({ diskProblem }) => diskProblem !== undefined))
    return { ...health, status: 'degraded', reason: 'its disk takes nothing' }
  if (own.some(({ failing }) => failing !== undefined))
    return { ...health, status: 'degraded', reason: 'its backend does not answer or refuses' }
  return { ...health, status: 'ok' }
}
