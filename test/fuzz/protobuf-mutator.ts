import { mutateBytes } from './mutate-bytes.ts'
import { mutateTree, readTree, writeTree } from './protobuf-tree.ts'
import type { WireField } from './protobuf-tree.ts'
import type { Random } from './random.ts'

/** Requests that somebody got wrong: in their fields, in their bytes, or in both. */
export class ProtobufMutator {
  readonly #seeds: readonly Buffer[]
  readonly #trees: readonly (readonly WireField[])[]

  constructor(seeds: readonly Buffer[]) {
    this.#seeds = seeds.filter(({ length }) => length > 0)
    this.#trees = this.#seeds.map((bytes) => readTree(bytes) ?? [])
  }

  mutate(random: Random): Buffer {
    const at = random.below(this.#seeds.length)
    const kind = random.below(10)
    if (kind === 0) return mutateBytes(random, this.#seeds[at] ?? Buffer.alloc(0), this.#seeds, 1 + random.size(8))
    const tree = writeTree(mutateTree(random, this.#trees[at] ?? [], this.#trees, 1 + random.size(8)))
    return kind < 3 ? mutateBytes(random, tree, this.#seeds, 1 + random.size(4)) : tree
  }
}
