import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { SecureContextOptions, TlsOptions } from 'node:tls'
import type { ComponentContext, Counter } from '../../component.ts'
import { ciphersOf, curvesOf } from './tls-config.ts'
import type { ListenerTlsConfig } from './tls-config.ts'

type Context = Pick<ComponentContext, 'id' | 'clock' | 'logger' | 'metrics'>
type Files = ReadonlyMap<string, Buffer>

/** A tls.Server or what inherits from it. */
export interface TlsServer {
  setSecureContext(options: SecureContextOptions): void
}

/** The certificates of a listener: read at once, and used for new connections when their files change. Connections that are there go on. */
export class ListenerTls {
  readonly #config: ListenerTlsConfig
  readonly #context: Context
  readonly #reloads: Readonly<Record<'success' | 'failure', Counter>>
  #files: Files
  #failed: Files | undefined
  #cancel = (): void => {}

  /** Throws with the name of a file that can't be read. */
  constructor(config: ListenerTlsConfig, context: Context) {
    this.#config = config
    this.#context = context
    const counter = (outcome: string): Counter =>
      context.metrics.counter(
        'otelcol_receiver_tls_reloads',
        'Certificates that had changed, by what became of them.',
        {
          receiver: context.id,
          outcome,
        },
      )
    this.#reloads = { success: counter('success'), failure: counter('failure') }
    this.#files = readFiles(config)
  }

  get options(): TlsOptions & SecureContextOptions {
    const { client_ca_file } = this.#config
    return {
      ...this.#secureContext(this.#files),
      ...(client_ca_file === undefined ? {} : { requestCert: true, rejectUnauthorized: true }),
    }
  }

  /** Looks at the files from time to time until `stop`. */
  watch(server: TlsServer): void {
    const { reload_interval } = this.#config
    if (reload_interval === 0) return
    this.#cancel = this.#context.clock.after(reload_interval, () => {
      this.#reload(server)
      this.watch(server)
    })
  }

  stop(): void {
    this.#cancel()
  }

  /** Files that do not fit together, as while they are being replaced, are left for the next time. */
  #reload(server: TlsServer): void {
    const { logger } = this.#context
    let files: Files | undefined
    try {
      files = readFiles(this.#config, this.#files)
      if (areSame(files, this.#files)) return
      const options = this.#secureContext(files)
      createSecureContext(options)
      server.setSecureContext(options)
      this.#files = files
      this.#failed = undefined
      this.#reloads.success.add(1)
      logger.info({ files: [...files.keys()] }, 'the certificates have changed and are in use')
    } catch (error) {
      // Once for each state of the files.
      if (this.#failed !== undefined && areSame(files ?? new Map(), this.#failed)) return
      this.#failed = files ?? new Map()
      this.#reloads.failure.add(1)
      const reason = error instanceof Error && 'code' in error ? String(error.code) : 'not valid'
      logger.warn({ reason }, 'the certificates can not be used: the ones before stay; mend the files')
    }
  }

  #secureContext(files: Files): SecureContextOptions {
    const { cert_file = '', key_file = '', cert_pem, key_pem, client_ca_file, min_version, max_version } = this.#config
    const ciphers = ciphersOf(this.#config)
    const ecdhCurve = curvesOf(this.#config)
    const ca = client_ca_file === undefined ? undefined : files.get(client_ca_file)
    return {
      cert: cert_pem ?? files.get(cert_file),
      key: key_pem ?? files.get(key_file),
      minVersion: `TLSv${min_version}`,
      ...(max_version === undefined ? {} : { maxVersion: `TLSv${max_version}` as const }),
      ...(ciphers === undefined ? {} : { ciphers }),
      ...(ecdhCurve === undefined ? {} : { ecdhCurve }),
      ...(ca === undefined ? {} : { ca }),
    }
  }
}

function readFiles(config: ListenerTlsConfig, before?: Files): Files {
  const { cert_file, key_file, client_ca_file, client_ca_file_reload } = config
  const files = new Map<string, Buffer>()
  for (const path of [cert_file, key_file, client_ca_file]) {
    if (path === undefined) continue
    const kept = path === client_ca_file && !client_ca_file_reload ? before?.get(path) : undefined
    files.set(path, kept ?? readPem(path))
  }
  return files
}

function readPem(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : 'unreadable'
    throw Object.assign(new Error(`tls: can not read ${path} (${String(code)})`, { cause }), { code })
  }
}

const areSame = (a: Files, b: Files): boolean =>
  a.size === b.size && [...a].every(([path, bytes]) => b.get(path)?.equals(bytes))
