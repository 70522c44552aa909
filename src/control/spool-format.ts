/*
 * What an agent and a sidecar of one host agree on beyond OTLP: ids of requests, and the folder in which the agent leaves at its end what it
 * could not send. One file is one OTLP request as it would have been sent, uncompressed; signal and encoding stand in its name.
 */

export type SpoolSignal = 'traces' | 'metrics' | 'logs'
export type SpoolEncoding = 'json' | 'protobuf'

export interface SpoolFile {
  /** The request's id: the same one that it had, or would have had, over HTTP. */
  readonly id: string
  readonly signal: SpoolSignal
  readonly encoding: SpoolEncoding
}

/** On every request: a receiver that has taken this id in already drops a copy of it. */
export const REQUEST_ID_HEADER = 'x-spanwarden-request-id'

/** On the answers of a sidecar: id of the spool that it reads. */
export const SPOOL_ID_HEADER = 'x-spanwarden-spool'

/** In the state folder. */
export const SPOOL_FOLDER = 'spool'

/** Files that wait at the same time; what does not fit is counted and told. */
export const SPOOL_FILES_MAX = 512
/** Bytes of all files that wait. */
export const SPOOL_BYTES_MAX = 64 * 1024 * 1024
/** Bytes of one file: as much as the sidecar takes over HTTP. */
export const SPOOL_FILE_BYTES_MAX = 20 * 1024 * 1024

const suffixes: Readonly<Record<SpoolEncoding, string>> = { json: 'json', protobuf: 'pb' }

export const spoolFileName = ({ id, signal, encoding }: SpoolFile): string => `${id}.${signal}.${suffixes[encoding]}`

/** Undefined for a name that no agent writes. */
export function parseSpoolFileName(name: string): SpoolFile | undefined {
  const [id = '', signal, suffix, ...more] = name.split('.')
  if (more.length > 0 || !isRequestId(id)) return undefined
  if (signal !== 'traces' && signal !== 'metrics' && signal !== 'logs') return undefined
  if (suffix === suffixes.json) return { id, signal, encoding: 'json' }
  return suffix === suffixes.protobuf ? { id, signal, encoding: 'protobuf' } : undefined
}

/** A random part, which nobody can guess, and a number. */
export const isRequestId = (text: string): boolean => /^[0-9a-f]{16}-[0-9a-z]{1,12}$/.test(text)

/** Names that begin so are not finished, or belong to a sidecar that is reading them. */
export const isHidden = (name: string): boolean => name.startsWith('.')

/** The file by which a sidecar says that it reads this folder. */
export const SPOOL_READER_FILE = 'reader'

export interface SpoolReader {
  /** Stays the same for the folder: a sidecar that answers with another one reads another folder. */
  readonly id: string
  readonly isRunning: boolean
}

export const spoolReaderText = ({ id, isRunning }: SpoolReader): string =>
  `${id} ${isRunning ? 'running' : 'stopped'}\n`

export function parseSpoolReader(text: string): SpoolReader | undefined {
  const [, id, state] = /^([0-9a-f]{16,64}) (running|stopped)\n$/.exec(text) ?? []
  return id === undefined ? undefined : { id, isRunning: state === 'running' }
}
