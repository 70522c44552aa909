import { parentPort, workerData } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import type { FindNames, NamesAnswer, NamesRequest, NamesThreadData } from './names-messages.ts'
import { NAME_TYPE } from '../../../redaction/names/name-type.ts'
import { namesIn } from '../../../redaction/names/names-pattern.ts'

/*
 * Runs in a thread of its own: finds names in the texts that names-worker.ts sends, with the built-in model or with the user's module.
 */

if (parentPort !== null) serve(parentPort, workerData as NamesThreadData)

function serve(port: MessagePort, { module, types, confidenceMin }: NamesThreadData): void {
  const look = module === undefined ? builtIn(types, confidenceMin) : ofModule(module, types, confidenceMin)
  port.on('message', (request: NamesRequest) => {
    void look(request).then(
      (found) => port.postMessage({ id: request.id, found } satisfies NamesAnswer, [found.buffer as ArrayBuffer]),
      (error: unknown) =>
        port.postMessage({ id: request.id, found: undefined, problem: problemOf(error) } satisfies NamesAnswer),
    )
  })
}

type Look = (request: NamesRequest) => Promise<Int32Array>

function builtIn(types: readonly string[], confidenceMin: number): Look {
  const type = types.indexOf(NAME_TYPE)
  return ({ bytes, ends }) => {
    const found: number[] = []
    let start = 0
    for (const [index, end] of ends.entries()) {
      for (const name of namesIn(bytes.subarray(start, end)))
        if (type >= 0 && name.confidence >= confidenceMin) found.push(index, name.start, name.end, type)
      start = end
    }
    return Promise.resolve(Int32Array.from(found))
  }
}

function ofModule(url: string, types: readonly string[], confidenceMin: number): Look {
  const loaded = load(url)
  // It is awaited with the first batch.
  loaded.catch(() => undefined)
  const decoder = new TextDecoder()
  return async ({ bytes, ends }) => {
    const findNames = await loaded
    const texts = Array.from(ends, (end, index) => decoder.decode(bytes.subarray(ends[index - 1] ?? 0, end)))
    const answers = await findNames([...texts])
    if (!Array.isArray(answers) || answers.length !== texts.length)
      throw new TypeError('findNames must resolve to a list of findings for each text')
    return Int32Array.from(
      texts.flatMap((text, index) => inBytes(text, index, answers[index] ?? [], types, confidenceMin)),
    )
  }
}

async function load(url: string): Promise<FindNames> {
  const exported: unknown = await import(url)
  if (
    typeof exported === 'object' &&
    exported !== null &&
    'findNames' in exported &&
    typeof exported.findNames === 'function'
  )
    return exported.findNames as FindNames
  throw new TypeError('the module exports no function findNames')
}

function inBytes(
  text: string,
  index: number,
  findings: Awaited<ReturnType<FindNames>>[number],
  types: readonly string[],
  confidenceMin: number,
): number[] {
  return findings.flatMap(({ start, end, type, confidence = 1 }) => {
    const known = types.indexOf(type)
    if (known < 0 || confidence < confidenceMin) return []
    if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || end <= start || end > text.length)
      throw new RangeError('findNames returned a range outside of its text')
    const from = Buffer.byteLength(text.slice(0, start))
    return [index, from, from + Buffer.byteLength(text.slice(start, end)), known]
  })
}

/** Messages of modules may quote the text: only the kind of error and where it was thrown are told. */
const problemOf = (error: unknown): string =>
  error instanceof TypeError || error instanceof RangeError || (error instanceof Error && 'code' in error)
    ? `${error.name}${'code' in error ? ` ${String(error.code)}` : `: ${error.message}`}`
    : error instanceof Error
      ? error.name
      : 'not an error'
