import type { FuzzTarget } from './fuzz-target.ts'
import type { Seeds } from './seeds.ts'

/** Every way in, and its share of the inputs in thousandths: what is slow gets fewer. */
export const shares = {
  protobuf: 380,
  json: 300,
  compressed: 120,
  wal: 110,
  pipeline: 40,
  http: 20,
  grpc: 20,
  yaml: 10,
} as const

type MakeTarget = (seeds: Seeds) => FuzzTarget | Promise<FuzzTarget>
const canary =
  (name: 'crash' | 'hang' | 'memory' | 'fault'): MakeTarget =>
  async (seeds) =>
    (await import('./targets/canaries.ts')).canaries[name](seeds)

/** By name; those with `canary` in it hold a bug that must be found. */
export const targets: Readonly<Record<string, MakeTarget>> = {
  protobuf: async (seeds) => (await import('./targets/protobuf.ts')).protobufTarget(seeds),
  json: async (seeds) => (await import('./targets/json.ts')).jsonTarget(seeds),
  compressed: async (seeds) => (await import('./targets/compressed.ts')).compressedTarget(seeds),
  wal: async (seeds) => (await import('./targets/wal.ts')).walTarget(seeds),
  pipeline: async (seeds) => (await import('./targets/pipeline.ts')).pipelineTarget(seeds),
  http: async (seeds) => (await import('./targets/http.ts')).httpTarget(seeds),
  grpc: async (seeds) => (await import('./targets/grpc.ts')).grpcTarget(seeds),
  yaml: async (seeds) => (await import('./targets/yaml.ts')).yamlTarget(seeds),
  'canary-crash': canary('crash'),
  'canary-hang': canary('hang'),
  'canary-memory': canary('memory'),
  'canary-fault': canary('fault'),
}
