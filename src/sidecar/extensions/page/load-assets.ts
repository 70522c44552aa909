import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type * as Builder from '../../../page/build.ts'

export interface PageAsset {
  readonly type: string
  readonly bytes: Buffer
  readonly etag: string
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** The files of the page by name: from `dist/page` in the published package; run from source, they are bundled in memory. */
export async function loadAssets(): Promise<ReadonlyMap<string, PageAsset>> {
  const files = import.meta.url.endsWith('.ts') ? await bundle() : built()
  return new Map(files.map(([name, bytes]) => [name, assetOf(name, bytes)]))
}

function assetOf(name: string, bytes: Buffer): PageAsset {
  const digest = createHash('sha256').update(bytes).digest('base64url')
  return { type: types[extname(name)] ?? 'application/octet-stream', bytes, etag: `"${digest}"` }
}

async function bundle(): Promise<[string, Buffer][]> {
  // Not a literal, so that the bundler of the package leaves the page's bundler out.
  const module = new URL('../../../page/build.ts', import.meta.url).href
  const { buildPage }: typeof Builder = await import(module)
  return (await buildPage()).map(({ name, bytes }) => [name, Buffer.from(bytes)])
}

function built(): [string, Buffer][] {
  for (const place of ['./page/', '../page/', '../../page/']) {
    const folder = fileURLToPath(new URL(place, import.meta.url))
    if (!existsSync(`${folder}index.html`)) continue
    return readdirSync(folder).map((name) => [name, readFileSync(folder + name)])
  }
  throw new Error('the files of the page are missing from the package')
}
