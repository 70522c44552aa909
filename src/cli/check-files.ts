import { X509Certificate } from 'node:crypto'
import { accessSync, constants, readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { createSecureContext } from 'node:tls'
import { parsePriceFile } from '../pricing/price-file.ts'
import type { ConfigPath, ConfigProblem } from '../sidecar/config/problem.ts'
import type { SidecarConfig } from '../sidecar/config.ts'

export interface FileProblems {
  readonly problems: readonly ConfigProblem[]
  /** Nothing is broken yet, or others can read what they should not. */
  readonly warnings: readonly ConfigProblem[]
}

/** What is known of a configuration only by opening what it names: files of any key that ends in `_file`, certificates, folders. Nothing is changed or listened on. */
export function checkFiles(config: SidecarConfig, stateFolder: string, now: Date): FileProblems {
  const problems: ConfigProblem[] = []
  const warnings: ConfigProblem[] = []
  const problem = (path: ConfigPath, message: string): void => void problems.push(config.problemAt(path, message))
  const warning = (path: ConfigPath, message: string): void => void warnings.push(config.problemAt(path, message))
  for (const section of ['receivers', 'processors', 'connectors', 'exporters', 'extensions'] as const) {
    for (const { id, config: options } of config[section].values()) walk(options, [section, id])
  }
  checkFolder(stateFolder, ['service', 'state_folder'])
  return { problems, warnings }

  function walk(value: unknown, path: ConfigPath): void {
    if (Array.isArray(value)) return value.forEach((item: unknown, i) => walk(item, [...path, i]))
    if (typeof value !== 'object' || value === null) return
    const entries = Object.entries(value).map(([key, option]: [string, unknown]) => [key, option] as const)
    for (const [key, option] of entries) {
      const at = [...path, key]
      if (typeof option !== 'string' || option === '') walk(option, at)
      else if (isFileKey(key, path)) checkFile(option, at)
      else if (key === 'directory') checkFolder(option, at)
      else if (key === 'path' && isFileExporter(path)) checkFolder(dirname(resolve(option)), at)
    }
    checkPair(new Map(entries), path)
  }

  function checkFile(file: string, path: ConfigPath): void {
    const bytes = read(file)
    if (typeof bytes === 'string') return problem(path, bytes)
    const key = String(path.at(-1))
    if (bytes.length === 0) problem(path, `${file} is empty`)
    if (SECRET_FILE.test(key) && (statSync(file).mode & 0o077) !== 0) {
      warning(path, `${file} can be read by other users of this machine; chmod 600 it`)
    }
    if (CERTIFICATE_FILE.test(key)) checkCertificate(file, bytes, path)
    if (key === 'prices_file') {
      for (const { path: at, message } of parsePriceFile(bytes.toString('utf8')).problems.slice(0, PROBLEMS_MAX)) {
        problem(path, `${file}: ${[at, message].filter(Boolean).join(' ')}`)
      }
    }
  }

  function checkCertificate(file: string, bytes: Buffer, path: ConfigPath): void {
    const certificate = certificateIn(bytes)
    if (certificate === undefined) return problem(path, `${file} holds no certificate in PEM`)
    const days = Math.floor((certificate.validToDate.getTime() - now.getTime()) / DAY_MS)
    if (days < 0) problem(path, `${file}: the certificate has expired on ${certificate.validTo}; renew it`)
    else if (days < EXPIRY_DAYS) warning(path, `${file}: the certificate expires in ${days} days; renew it`)
  }

  /** A certificate and its key belong together. */
  function checkPair(options: ReadonlyMap<string, unknown>, path: ConfigPath): void {
    const [cert, key] = ['cert_file', 'key_file'].map((name) => {
      const file = options.get(name)
      return typeof file === 'string' && file !== '' ? read(file) : undefined
    })
    if (!Buffer.isBuffer(cert) || !Buffer.isBuffer(key) || certificateIn(cert) === undefined) return
    try {
      createSecureContext({ cert, key })
    } catch {
      problem(
        [...path, 'key_file'],
        'the key is not that of the certificate in cert_file, or it is locked by a passphrase',
      )
    }
  }

  function checkFolder(folder: string, path: ConfigPath): void {
    const reason = folderProblem(resolve(folder))
    if (reason !== undefined) problem(path, reason)
  }
}

const DAY_MS = 86_400_000
const EXPIRY_DAYS = 14
/** Of one price file. */
const PROBLEMS_MAX = 20
/** What a component reads whole. */
const FILE_BYTES_MAX = 16 * 1024 * 1024

const SECRET_FILE = /^(key_file|hmac_key_file|filename|file|.*(token|secret|password).*_file)$/
const CERTIFICATE_FILE = /^(cert|ca|client_ca)_file$/

/** `filename` is the token's of bearertokenauth, `file` is that of basicauth's htpasswd. */
const isFileKey = (key: string, path: ConfigPath): boolean =>
  key.endsWith('_file') ||
  (key === 'filename' && path[0] === 'extensions') ||
  (key === 'file' && path.at(-1) === 'htpasswd')

/** `path` of others is one of a URL. */
const isFileExporter = ([section, id]: ConfigPath): boolean =>
  section === 'exporters' && String(id).split('/')[0] === 'file'

/** The bytes, or why there are none. */
function read(file: string): Buffer | string {
  try {
    const entry = statSync(file)
    if (!entry.isFile()) return `${file} is no file`
    if (entry.size > FILE_BYTES_MAX) return `${file} is larger than ${FILE_BYTES_MAX} bytes`
    return readFileSync(file)
  } catch (error) {
    return `can't read ${file} (${codeOf(error)}); ${adviceFor(codeOf(error))}`
  }
}

function certificateIn(bytes: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(bytes)
  } catch {
    return undefined
  }
}

/** Whether files can be made in it, or it itself in the nearest folder above that is there. */
function folderProblem(folder: string): string | undefined {
  try {
    if (!statSync(folder).isDirectory()) return `${folder} is no folder`
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK)
    return undefined
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT' && dirname(folder) !== folder) return folderProblem(dirname(folder))
    return `can't write in ${folder} (${code}); ${adviceFor(code)}`
  }
}

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : 'unknown')

function adviceFor(code: string): string {
  if (code === 'ENOENT') return 'make it, or correct the name'
  if (code === 'EACCES' || code === 'EPERM') return 'give the user of the sidecar the right to it'
  return code === 'EROFS' ? 'name a folder on a disk that can be written' : 'correct the name'
}
