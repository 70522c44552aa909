import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { main } from 'assemblyscript/asc'

const folder = fileURLToPath(new URL('../src/redaction/kernel/', import.meta.url))

/** Ten pages: 2 kB of tables, 64 kB of text, eight bytes for each byte of text, the compiler's own constants. Behind them the words: memory grows by what they need. */
const OPTIONS =
  '--outFile scanner.wasm --runtime stub --optimizeLevel 3 --shrinkLevel 0 --noAssert --enable simd --enable relaxed-simd ' +
  '--initialMemory 11 --maximumMemory 96 --memoryBase 640000 --use abort='

/** Text of src/redaction/scanner.gen.ts: the scanner compiled to WebAssembly, as base64. */
export async function renderScanner(): Promise<string> {
  const wasm = await compile()
  return (
    `// Generated from kernel/*.as.ts by conventions/generate-scanner.ts (npm run generate). ${wasm.length} bytes of WebAssembly.\n` +
    `export const SCANNER_WASM =\n  '${Buffer.from(wasm).toString('base64')}'\n`
  )
}

async function compile(): Promise<Uint8Array> {
  let wasm: Uint8Array | undefined
  const errors: string[] = []
  const { error } = await main(['scan.as.ts', ...OPTIONS.split(' ')], {
    readFile: (name) => (existsSync(folder + name) ? readFileSync(folder + name, 'utf8') : null),
    writeFile: (name, contents) => {
      if (name === 'scanner.wasm' && typeof contents !== 'string') wasm = contents
    },
    listFiles: () => [],
    stderr: { write: (chunk: string | Uint8Array) => void errors.push(String(chunk)) },
  })
  if (error !== null || wasm === undefined) throw new Error(`scan.as.ts: ${errors.join('')}`, { cause: error })
  return wasm
}
