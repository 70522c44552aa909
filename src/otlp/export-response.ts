/** What a backend says about a request that it took: how many items it did not keep after all. */
export interface ExportResponse {
  readonly rejectedItems: number
  readonly message: string
}

/** Reads the protobuf bytes of an Export<Signal>ServiceResponse: the three have the same form. Returns undefined when the bytes are none. */
export function readExportResponse(bytes: Uint8Array): ExportResponse | undefined {
  const fields = readFields(bytes)
  if (fields === undefined) return undefined
  const partialSuccess = fields.findLast(({ number, body }) => number === 1 && body !== undefined)?.body
  const partial = partialSuccess === undefined ? [] : readFields(partialSuccess)
  return partial && { rejectedItems: intOf(partial, 1), message: textOf(partial, 2) }
}

/** The same in OTLP/JSON. */
export function readExportResponseJson(json: string): ExportResponse | undefined {
  try {
    const response: unknown = JSON.parse(json)
    if (typeof response !== 'object' || response === null) return undefined
    const partial = Object(Reflect.get(response, 'partialSuccess'))
    const rejected = ['rejectedSpans', 'rejectedDataPoints', 'rejectedLogRecords'].map((name) => Number(partial[name]))
    return { rejectedItems: rejected.find((count) => count > 0) ?? 0, message: String(partial.errorMessage ?? '') }
  } catch {
    return undefined
  }
}

export interface RpcStatus {
  readonly code: number
  readonly message: string
  /** Wait that the server asks for (RetryInfo). */
  readonly retryDelayMs?: number
}

/** Reads the protobuf bytes of a google.rpc.Status: the body of an HTTP error, or `grpc-status-details-bin`. Returns undefined when the bytes are none. */
export function readRpcStatus(bytes: Uint8Array): RpcStatus | undefined {
  const fields = readFields(bytes)
  if (fields === undefined) return undefined
  const status = { code: intOf(fields, 1), message: textOf(fields, 2) }
  const details = fields.flatMap(({ number, body }) =>
    number === 3 && body !== undefined ? [readFields(body) ?? []] : [],
  )
  const retryInfo = details.find((detail) => textOf(detail, 1).endsWith('/google.rpc.RetryInfo'))
  if (retryInfo === undefined) return status
  const delay = messageOf(messageOf(retryInfo, 2), 1)
  return { ...status, retryDelayMs: intOf(delay, 1) * 1000 + intOf(delay, 2) / 1e6 }
}

interface Field {
  readonly number: number
  /** Of a varint field. */
  readonly value?: bigint
  /** Of a length-delimited field. */
  readonly body?: Uint8Array
}

const last = (fields: readonly Field[], number: number): Field | undefined =>
  fields.findLast((field) => field.number === number)
const intOf = (fields: readonly Field[], number: number): number =>
  Number(BigInt.asIntN(64, last(fields, number)?.value ?? 0n))
const textOf = (fields: readonly Field[], number: number): string =>
  new TextDecoder().decode(last(fields, number)?.body)
const messageOf = (fields: readonly Field[], number: number): readonly Field[] =>
  readFields(last(fields, number)?.body ?? new Uint8Array(0)) ?? []

/** The fields of a small message; undefined when the bytes are not a message. */
function readFields(bytes: Uint8Array): Field[] | undefined {
  const fields: Field[] = []
  let at = 0
  const varint = (): bigint | undefined => {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++]
      if (byte === undefined) return undefined
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asUintN(64, value)
    }
    return undefined
  }
  while (at < bytes.length) {
    const tag = varint()
    if (tag === undefined || tag >> 3n === 0n) return undefined
    const number = Number(tag >> 3n)
    const wire = Number(tag & 7n)
    if (wire === 0) {
      const value = varint()
      if (value === undefined) return undefined
      fields.push({ number, value })
    } else if (wire === 2) {
      const size = varint()
      if (size === undefined || size > BigInt(bytes.length - at)) return undefined
      fields.push({ number, body: bytes.subarray(at, at + Number(size)) })
      at += Number(size)
    } else if (wire === 1 || wire === 5) {
      at += wire === 1 ? 8 : 4
      if (at > bytes.length) return undefined
    } else return undefined
  }
  return fields
}
