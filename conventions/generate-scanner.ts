import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { main } from 'assemblyscript/asc'

const source = fileURLToPath(new URL('../src/redaction/scanner.as.ts', import.meta.url))
const target = fileURLToPath(new URL('../src/redaction/scanner.gen.ts', import.meta.url))

/** 2 kB of tables, 128 kB of text, four bytes for each byte of text that could be a candidate; then the compiler's own constants. */
const OPTIONS =
  '--outFile scanner.wasm --runtime stub --optimizeLevel 3 --shrinkLevel 0 --noAssert --enable simd ' +
  '--initialMemory 12 --maximumMemory 12 --memoryBase 720896 --use abort='

/**
 * Compiles the scanner to WebAssembly and writes it as base64 into src/redaction/scanner.gen.ts. With `check` it writes nothing and throws when the file is stale.
 */
export async function generateScanner(check: boolean): Promise<void> {
  const text = render(await compile(readFileSync(source, 'utf8')))
  if (!check) writeFileSync(target, text)
  else if (readFileSync(target, 'utf8') !== text) {
    throw new Error('src/redaction/scanner.gen.ts is stale: run npm run generate')
  }
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

const render = (wasm: Uint8Array): string =>
  `// Generated from scanner.as.ts by conventions/generate-scanner.ts (npm run generate). ${wasm.length} bytes of WebAssembly.\n` +
  `export const SCANNER_WASM =\n  '${Buffer.from(wasm).toString('base64')}'\n`

if (import.meta.main) await generateScanner(process.argv.includes('--check'))
