import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

export interface PageFile {
  readonly name: string
  readonly type: string
  readonly bytes: Uint8Array
}

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** Bundles the page: index.html, page.js and page.css, complete and without any other origin. Used by the package's build and when run from source. */
export async function buildPage(): Promise<PageFile[]> {
  const { outputFiles } = await build({
    entryPoints: [file('page.tsx'), file('page.css')],
    bundle: true,
    write: false,
    minify: true,
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    outdir: file('.'),
    logLevel: 'silent',
  })
  const bundled = outputFiles.map(({ path, contents }) => ({
    name: basename(path),
    type: typeOf(path),
    bytes: contents,
  }))
  return [
    { name: 'index.html', type: 'text/html; charset=utf-8', bytes: await readFile(file('index.html')) },
    ...bundled,
  ]
}

const typeOf = (path: string): string =>
  path.endsWith('.css') ? 'text/css; charset=utf-8' : 'text/javascript; charset=utf-8'
