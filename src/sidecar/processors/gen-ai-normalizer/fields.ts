/** The fields of a foreign object; what is not taken is kept beside what was made of the rest. */
export class Fields {
  readonly #fields: Map<string, unknown>

  constructor(object: object) {
    this.#fields = new Map(Object.entries(object))
  }

  /** The first of these fields that holds something; it is gone then. */
  take(...names: readonly string[]): unknown {
    for (const name of names) {
      const value = this.#fields.get(name)
      if (value === undefined || value === null) continue
      this.#fields.delete(name)
      return value
    }
    return undefined
  }

  /** The same for a field that must be a text; others stay. */
  takeText(...names: readonly string[]): string | undefined {
    for (const name of names) {
      const value = this.#fields.get(name)
      if (typeof value !== 'string') continue
      this.#fields.delete(name)
      return value
    }
    return undefined
  }

  peek(name: string): unknown {
    return this.#fields.get(name)
  }

  /** These fields, and behind them what was not taken; a name that is there twice gets an underscore. */
  with(made: Readonly<Record<string, unknown>>): Record<string, unknown> {
    const all = new Map(Object.entries(made).filter(([, value]) => value !== undefined))
    for (const [name, value] of this.#fields) {
      if (value === undefined || value === null) continue
      let free = name
      while (all.has(free)) free += '_'
      all.set(free, value)
    }
    return Object.fromEntries(all)
  }
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
