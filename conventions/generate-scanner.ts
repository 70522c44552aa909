import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { main } from 'assemblyscript/asc'

const source = fileURLToPath(new URL('../src/redaction/scanner.as.ts', import.meta.url))

/** 2 kB of tables, 128 kB of text, four bytes for each byte of text that could be a candidate; then the compiler's own constants. */
const OPTIONS =
  '--outFile scanner.wasm --runtime stub --optimizeLevel 3 --shrinkLevel 0 --noAssert --enable simd --enable relaxed-simd ' +
  '--initialMemory 12 --maximumMemory 12 --memoryBase 720896 --use abort='

/** Text of src/redaction/scanner.gen.ts: the scanner compiled to WebAssembly, as base64. */
export async function renderScanner(): Promise<string> {
  const wasm = await compile(readFileSync(source, 'utf8'))
  return (
    `// Generated from scanner.as.ts by conventions/generate-scanner.ts (npm run generate). ${wasm.length} bytes of WebAssembly.\n` +
    `export const SCANNER_WASM =\n  '${Buffer.from(wasm).toString('base64')}'\n`
  )
}

async function compile(program: string): Promise<Uint8Array> {
  let wasm: Uint8Array | undefined
  const errors: string[] = []
  const { error } = await main(['scanner.ts', ...OPTIONS.split(' ')], {
    readFile: (name) => (name === 'scanner.ts' ? program : null),
    writeFile: (name, contents) => {
      if (name === 'scanner.wasm' && typeof contents !== 'string') wasm = contents
    },
    listFiles: () => [],
    stderr: { write: (chunk: string | Uint8Array) => void errors.push(String(chunk)) },
  })
  if (error !== null || wasm === undefined) throw new Error(`scanner.as.ts: ${errors.join('')}`, { cause: error })
  return wasm
}
