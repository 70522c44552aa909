import type { ComponentContext, ServiceName } from './component.ts'

interface Closing {
  close(): void
}

/** The parts that components of one sidecar share, each made by the first that asks for it. */
export class Services {
  readonly #context: (id: string) => ComponentContext
  readonly #made = new Map<string, Closing>()
  /** Values by the very name object, which carries their type. */
  readonly #byName = new Map<ServiceName<unknown>, unknown>()

  constructor(context: (id: string) => ComponentContext) {
    this.#context = context
  }

  get<T>(name: ServiceName<T>): T {
    const known = this.#byName.get(name)
    if (known !== undefined) return known as T
    if (this.#made.has(name.name)) throw new Error(`two services are named ${name.name}`)
    const made = name.create(this.#context(name.name))
    this.#made.set(name.name, made)
    this.#byName.set(name, made)
    return made
  }

  /** Closes all, the newest first. */
  close(): void {
    for (const service of [...this.#made.values()].reverse()) service.close()
    this.#made.clear()
    this.#byName.clear()
  }
}
