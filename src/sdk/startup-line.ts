import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads'
import type { FoundLibrary } from './library-table.ts'
import { VERSION } from './version.ts'

/**
 * Says once which client libraries were found, and whether they are observed: silence would be taken for "all is well". Libraries load later than
 * we do, so the line waits until no further one has come for a while, or for the end of the process. Libraries that come after it get a line
 * of their own. A process that loads none, as most helpers that inherit NODE_OPTIONS, says nothing.
 */
export class StartupLine {
  readonly #say: (line: string) => void
  #untold: FoundLibrary[] = []
  #isBesideAnother: 'no' | 'untold' | 'told' = 'no'
  #timer: NodeJS.Timeout | undefined

  constructor(say: (line: string) => void) {
    this.#say = say
  }

  found(library: FoundLibrary): void {
    this.#untold.push(library)
    this.#wait()
  }

  /** The application has an OpenTelemetry SDK of its own. */
  besideAnother(): void {
    this.#isBesideAnother = 'untold'
    this.#wait()
  }

  /** Never throws. */
  tell(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const told = toldElsewhere()
    const fresh = this.#untold.filter((found) => found.state !== 'through' && !told.has(keyOf(found)))
    this.#untold = []
    const attached = this.#isBesideAnother === 'untold'
    if (fresh.length === 0 && !attached) return
    if (attached) this.#isBesideAnother = 'told'
    setEnvironmentData(toldKey, JSON.stringify([...told, ...fresh.map(keyOf)].slice(0, toldMax)))
    this.#say(startupLine(fresh, attached))
  }

  #wait(): void {
    this.#timer ??= setTimeout(() => this.tell(), settledMs).unref()
    this.#timer.refresh()
  }
}

/** For libraries that load one after the other. */
const settledMs = 300
/** Remembered for worker threads, which start with what this thread has told. */
const toldMax = 200
const toldKey = 'spanwarden.told'

function toldElsewhere(): ReadonlySet<string> {
  const text: unknown = getEnvironmentData(toldKey)
  const parsed: unknown = typeof text === 'string' ? JSON.parse(text) : []
  return new Set(Array.isArray(parsed) ? parsed.map(String) : [])
}

const keyOf = ({ library, version, state }: FoundLibrary): string => `${library} ${version ?? ''} ${state}`

export function startupLine(found: readonly FoundLibrary[], isBesideAnother: boolean): string {
  const observed = found.filter(({ state }) => remarks[state] !== undefined)
  const others = found.filter(({ state }) => remarks[state] === undefined)
  const parts = [
    ...(observed.length === 0 ? [] : [`observes ${named(observed)}`]),
    ...(isBesideAnother
      ? ['works beside the OpenTelemetry SDK of the application, whose own spans go its own way']
      : []),
    ...(others.length === 0 ? [] : [`does NOT observe ${named(others)}; see spanwarden doctor --instrumentation`]),
  ]
  return `${VERSION} ${parts.join('; ')}`
}

/** By state: what stands behind the name of an observed library. */
const remarks: Readonly<Partial<Record<FoundLibrary['state'], string>>> = {
  patched: '',
  untested: ' (major not tested)',
  'by hand': ' (in a bundle, by instrument())',
}

const reasons: Readonly<Partial<Record<FoundLibrary['state'], string>>> = {
  failed: 'its shape is not the expected one',
  'too early': 'it was loaded before spanwarden',
}

const named = (found: readonly FoundLibrary[]): string =>
  [
    ...new Set(
      found.map(({ library, version, state, remark }) => {
        const reason = remarks[state] ?? ` (${reasons[state] ?? remark ?? 'no instrumentation'})`
        return `${library}${version === undefined ? '' : ` ${version}`}${reason}`
      }),
    ),
  ].join(', ')
