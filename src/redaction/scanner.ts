import { createPortableScanner } from './scanner-portable.ts'
import { SCANNER_WASM } from './scanner.gen.ts'
import { reserve } from './triggers.ts'
import type { Candidates, Scan } from './triggers.ts'
import type { WordList } from './word-list.ts'

/** The part of the standard that is used here: it is in TypeScript's browser library only. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown }
}

/** What kernel/scan.as.ts exports. */
interface Kernel {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number }
  inputOffset(): number
  outputOffset(): number
  chunkBytes(): number
  leadBytes(): number
  classesOffset(): number
  treeOffset(): number
  prepare(): void
  setWords(nodes: number, endsWithDigit: boolean): void
  addEnding(lastFour: number): void
  addShortWord(lastFour: number, length: number): void
  addPair(pair: number): void
  allowAllPairs(): void
  scan(from: number, to: number, base: number): number
}

/**
 * The fastest scanner that this machine has: SIMD WebAssembly, else plain JavaScript with the same result. `pairs`: as rules state them; without them every run of
 * sixteen token characters is a candidate.
 */
export function createScanner(words: WordList, pairs?: readonly number[]): Scan {
  return createSimdScanner(words, pairs) ?? createPortableScanner(words, pairs)
}

/** Undefined where WebAssembly or its SIMD instructions are missing. */
export function createSimdScanner(words: WordList, pairs?: readonly number[]): Scan | undefined {
  const kernel = instantiate()
  if (kernel === undefined) return undefined
  kernel.prepare()
  if (words.words.length > 0) takeUpWords(kernel, words)
  if (pairs === undefined) kernel.allowAllPairs()
  else for (const pair of pairs) kernel.addPair(pair)
  const input = kernel.inputOffset()
  const chunk = kernel.chunkBytes()
  const lead = kernel.leadBytes()
  const memory = new Uint8Array(kernel.memory.buffer)
  const output = new Int32Array(kernel.memory.buffer, kernel.outputOffset())
  const empty = new Uint8Array(lead)

  return (bytes, start, end, found) => {
    for (let at = start; at < end; at += chunk) {
      const to = Math.min(end, at + chunk)
      const context = Math.max(start, at - lead)
      const behind = Math.min(end, to + lead)
      if (context > at - lead) memory.set(empty, input)
      memory.set(bytes.subarray(context, behind), input + lead - (at - context))
      // The last block may be cut short by the end of the text: what an earlier scan left there must not be read.
      memory.fill(0, input + lead + behind - at, input + lead + behind - at + 2 * lead)
      append(found, output, kernel.scan(lead, lead + to - at, at - lead))
    }
  }
}

const PAGE_BYTES = 65_536

/** The tree of words as word-list.ts has it, and the last four letters of each word. */
function takeUpWords(kernel: Kernel, { words, tree }: WordList): void {
  const { edges, wordAt, classOf } = tree
  const end = kernel.treeOffset() + edges.byteLength + wordAt.byteLength
  const missing = end - kernel.memory.buffer.byteLength
  if (missing > 0) kernel.memory.grow(Math.ceil(missing / PAGE_BYTES))
  const { buffer } = kernel.memory
  new Uint8Array(buffer).set(classOf, kernel.classesOffset())
  new Uint16Array(buffer, kernel.treeOffset()).set(edges)
  new Uint16Array(buffer, kernel.treeOffset() + edges.byteLength).set(wordAt)
  kernel.setWords(
    wordAt.length,
    words.some((word) => /\d$/.test(word)),
  )
  for (const word of words) {
    let lastFour = 0
    for (let i = 1; i <= Math.min(4, word.length); i++) lastFour |= word.charCodeAt(word.length - i) << (32 - 8 * i)
    if (word.length > 3) kernel.addEnding(lastFour)
    else kernel.addShortWord(lastFour, word.length)
  }
}

function append(found: Candidates, output: Int32Array, count: number): void {
  reserve(found, count)
  found.entries.set(output.subarray(0, count), found.length)
  found.length += count
}

/** Compiled once; each scanner has a memory of its own. */
let compiled: object | undefined

function instantiate(): Kernel | undefined {
  try {
    compiled ??= new WebAssembly.Module(Uint8Array.from(atob(SCANNER_WASM), (char) => char.charCodeAt(0)))
    return new WebAssembly.Instance(compiled, {}).exports as Kernel
  } catch {
    return undefined // no WebAssembly, no SIMD: the portable scanner gives the same result
  }
}
