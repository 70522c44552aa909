import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const GOODBYE_FOLDER = 'goodbye'
/** Read at a time; the others the next time. */
const FILES_MAX = 100
const NAME_MAX = 200

export interface Goodbye {
  /** The service of the agent, `namespace/name` where it has a namespace. */
  readonly job: string
  /** Unix ms. */
  readonly atMs: number
}

/** The sidecar is there to read them: without this folder nobody writes any. Never throws. */
export function makeGoodbyeFolder(stateFolder: string): void {
  try {
    mkdirSync(join(stateFolder, GOODBYE_FOLDER), { mode: 0o700 })
  } catch {
    // There it is, or on a disk that takes nothing: then an agent that ends is missed, which a person sees.
  }
}

/** By an agent that ends as it should, synchronously: one file for each service, so they stay few. Never throws. */
export function sayGoodbye(stateFolder: string, { job, atMs }: Goodbye): void {
  try {
    const name = encodeURIComponent(job).slice(0, NAME_MAX)
    writeFileSync(join(stateFolder, GOODBYE_FOLDER, name), JSON.stringify({ job, atMs }), { mode: 0o600 })
  } catch {
    // No sidecar of this state folder, or a name that is no text.
  }
}

/** What agents have said since the last time; each is told once. Never throws. */
export function takeGoodbyes(stateFolder: string): Goodbye[] {
  const folder = join(stateFolder, GOODBYE_FOLDER)
  try {
    return readdirSync(folder)
      .slice(0, FILES_MAX)
      .flatMap((name) => takeGoodbye(join(folder, name)))
  } catch {
    return []
  }
}

function takeGoodbye(file: string): Goodbye[] {
  try {
    const said: unknown = JSON.parse(readFileSync(file, 'utf8'))
    rmSync(file, { force: true })
    return isGoodbye(said) ? [said] : []
  } catch {
    // Being written: the next time. What never becomes whole is in the way of nobody.
    return []
  }
}

const isGoodbye = (value: unknown): value is Goodbye =>
  typeof value === 'object' &&
  value !== null &&
  typeof Reflect.get(value, 'job') === 'string' &&
  Number.isFinite(Reflect.get(value, 'atMs'))
