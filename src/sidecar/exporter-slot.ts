import type { Exporter, Payload, Sent } from './component.ts'

/** Where the queues of an exporter send to: a reload puts another exporter in its place while they go on. */
export class ExporterSlot {
  #current: Place

  constructor(exporter: Pick<Exporter, 'send'>) {
    this.#current = new Place(exporter)
  }

  async send(payload: Payload, abort: AbortSignal): Promise<Sent> {
    const place = this.#current
    place.sends++
    try {
      return await place.exporter.send(payload, abort)
    } finally {
      place.sends--
      if (place.sends === 0) place.onIdle?.()
    }
  }

  /** What is sent from now on goes to another exporter. Resolves when the last `send` of the one before has settled. */
  replace(exporter: Pick<Exporter, 'send'>): Promise<void> {
    const before = this.#current
    this.#current = new Place(exporter)
    if (before.sends === 0) return Promise.resolve()
    return new Promise((resolve) => {
      before.onIdle = resolve
    })
  }
}

class Place {
  readonly exporter: Pick<Exporter, 'send'>
  sends = 0
  onIdle: (() => void) | undefined

  constructor(exporter: Pick<Exporter, 'send'>) {
    this.exporter = exporter
  }
}
