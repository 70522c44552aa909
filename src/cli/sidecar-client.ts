import { readFileSync } from 'node:fs'
import type { CommandIo } from './command.ts'
import { UsageError } from './command.ts'
import { programOf, stateFolderOf } from './program.ts'
import type { ConfigFlags } from './read-config.ts'
import { readSidecarAddress } from './sidecar-address.ts'

/** For a probe of the sidecar: whoever takes longer is taken for dead. */
const PROBE_TIMEOUT_MS = 2000
/** For an order, beside what it waits for itself. */
const ANSWER_TIMEOUT_MS = 10_000

export interface SidecarFlags extends ConfigFlags {
  readonly url?: string | undefined
  readonly 'token-file'?: string | undefined
}

/** The control API of a sidecar that answers. */
export interface SidecarClient {
  readonly url: string
  get(path: string): Promise<SidecarAnswer>
  /** `waitMs`: how long the sidecar may take beyond the usual. */
  post(path: string, body: object, waitMs?: number): Promise<SidecarAnswer>
}
export interface SidecarAnswer {
  readonly status: number
  readonly body: unknown
}

/** The state folder of the configuration that the flags name, else of the environment. */
export async function stateFolderOfFlags(flags: ConfigFlags, io: CommandIo): Promise<string> {
  if (flags.config === undefined && flags.set === undefined) return stateFolderOf(io, io.env['SPANWARDEN_STATE_DIR'])
  const { readConfig } = await import('./read-config.ts')
  return stateFolderOf(io, (await readConfig(flags, io)).service.state_folder)
}

/**
 * The sidecar under `--url`, else the one that runs with this state folder, as it has written there; undefined when it does not answer. The token for orders comes from
 * `--token-file`, SPANWARDEN_CONTROL_TOKEN, or the file that a sidecar of this host names. Throws UsageError.
 */
export async function reachSidecar(
  flags: SidecarFlags,
  stateFolder: string,
  io: CommandIo,
): Promise<SidecarClient | undefined> {
  const address = flags.url === undefined ? readSidecarAddress(stateFolder) : undefined
  const url = flags.url === undefined ? address?.control : urlOf(flags.url)
  if (url === undefined) return undefined
  // Another sidecar may have the port by now.
  if (!(await answers(url, address?.pid, io))) return undefined
  const token = tokenOf(flags['token-file'], address?.tokenFile, io)
  return {
    url,
    get: (path) => ask(url, path, token, ANSWER_TIMEOUT_MS),
    post: (path, body, waitMs = 0) => ask(url, path, token, ANSWER_TIMEOUT_MS + waitMs, body),
  }
}

/** What an answer says of itself, for people. */
export const errorOf = ({ status, body }: SidecarAnswer): string => {
  const said: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'error') : undefined
  return typeof said === 'string' ? said : `the sidecar answered ${status}`
}

function urlOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new UsageError(`--url ${text}: write it like http://127.0.0.1:8080`)
  return url.origin
}

function tokenOf(file: string | undefined, ofSidecar: string | undefined, io: CommandIo): string | undefined {
  if (file !== undefined) return readFileSync(file, 'utf8').trim()
  const given = io.env['SPANWARDEN_CONTROL_TOKEN']
  if (given !== undefined && given !== '') return given
  if (ofSidecar === undefined) return undefined
  try {
    return readFileSync(ofSidecar, 'utf8').trim()
  } catch {
    // The sidecar says that one is needed.
    return undefined
  }
}

async function answers(url: string, pid: number | undefined, io: CommandIo): Promise<boolean> {
  try {
    const { body } = await ask(url, '/health', undefined, PROBE_TIMEOUT_MS)
    if (typeof body !== 'object' || body === null || Reflect.get(body, 'program') !== programOf(io).name) return false
    return pid === undefined || Reflect.get(body, 'pid') === pid
  } catch {
    return false
  }
}

async function ask(
  url: string,
  path: string,
  token: string | undefined,
  timeoutMs: number,
  body?: object,
): Promise<SidecarAnswer> {
  const headers: Record<string, string> = {}
  if (token !== undefined) headers['authorization'] = `Bearer ${token}`
  if (body !== undefined) headers['content-type'] = 'application/json'
  const response = await fetch(`${url}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers,
    signal: AbortSignal.timeout(timeoutMs),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  try {
    return { status: response.status, body: JSON.parse(text) }
  } catch {
    return { status: response.status, body: undefined }
  }
}
