import { globSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { sample } from 'fast-check'
import { protobufToJson } from '../../src/otlp/protobuf-to-json.ts'
import { agentBatches } from '../bench/agent-corpus.ts'
import { encodeIndependently, otlpRequest } from '../support/otlp-arbitrary.ts'
import { projectFolder } from '../support/run-agent.ts'
import { sharedData } from '../support/shared-data.ts'
import { spanBatch } from '../support/span-batch.ts'

export type Signal = 'traces' | 'metrics' | 'logs'

/** What is mutated. Of the project alone, or with the recorded payloads beside it: two corpora, and inputs follow from both the corpus and the seed. */
export interface Seeds {
  readonly protobuf: Readonly<Record<Signal, readonly Buffer[]>>
  readonly json: Readonly<Record<Signal, readonly Buffer[]>>
  readonly yaml: readonly Buffer[]
}

const SIGNALS = ['traces', 'metrics', 'logs'] as const
/** Small ones: a change in a large request is seldom where it matters. */
const SEED_BYTES_MAX = 1500
const YAML_BYTES_MAX = 6 * 1024
const FILES_EACH_MAX = 120

export function loadSeeds(withShared: boolean): Seeds {
  const shared = withShared ? readShared() : { protobuf: [], json: [], yaml: [] }
  const ofSignal = (files: readonly SharedFile[], signal: Signal): Buffer[] =>
    files.filter(({ path }) => signalOf(path) === signal).map(({ bytes }) => bytes)
  const made = Object.fromEntries(SIGNALS.map((signal) => [signal, madeRequests(signal)])) as Record<Signal, Buffer[]>
  const protobuf = (signal: Signal): Buffer[] => [...made[signal], ...ofSignal(shared.protobuf, signal)]
  const json = (signal: Signal): Buffer[] => [
    ...made[signal].map((bytes) => Buffer.from(protobufToJson(signal, bytes))),
    ...ofSignal(shared.json, signal),
  ]
  return {
    protobuf: { traces: protobuf('traces'), metrics: protobuf('metrics'), logs: protobuf('logs') },
    json: { traces: json('traces'), metrics: json('metrics'), logs: json('logs') },
    yaml: [...ownYaml(), ...shared.yaml.map(({ bytes }) => bytes)],
  }
}

/** Every field of OTLP in some of them; and what agents send. */
function madeRequests(signal: Signal): Buffer[] {
  const any = sample(otlpRequest(signal), { numRuns: 60, seed: 20_261_121 }).map((request) =>
    encodeIndependently(signal, request),
  )
  const small = any.filter(({ length }) => length > 0 && length < SEED_BYTES_MAX)
  if (signal !== 'traces') return small
  const call = { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'gpt-5-mini', 'gen_ai.usage.input_tokens': 9 }
  const spans = [
    { spanId: '0000000000000001', attributes: { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'a' } },
    { spanId: '0000000000000002', parentSpanId: '0000000000000001', status: 2, attributes: call },
  ]
  return [...small, ...agentBatches(2, 1), spanBatch({ attributes: { 'service.name': 'a' }, spans })]
}

const ownYaml = (): Buffer[] =>
  globSync(['collector-config/*.yaml', 'test/fuzz/everything.yaml'], { cwd: projectFolder })
    .toSorted()
    .map((file) => readFileSync(join(projectFolder, file)))

interface SharedFile {
  readonly path: string
  readonly bytes: Buffer
}

function readShared(): Record<'protobuf' | 'json' | 'yaml', SharedFile[]> {
  const folder = sharedData('otlp')
  const read = (pattern: string, bytesMax = SEED_BYTES_MAX): SharedFile[] =>
    globSync(pattern, { cwd: folder })
      .toSorted()
      .filter((path) => statSync(join(folder, path)).size <= bytesMax)
      .slice(0, FILES_EACH_MAX)
      .map((path) => ({ path, bytes: readFileSync(join(folder, path)) }))
  return { protobuf: read('**/*.{pb,bin}'), json: read('**/*.json'), yaml: read('**/*.{yaml,yml}', YAML_BYTES_MAX) }
}

const signalOf = (path: string): Signal => (/log/i.test(path) ? 'logs' : /metric/i.test(path) ? 'metrics' : 'traces')
