import { execFileSync } from 'node:child_process'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { BuildOptions, Metafile, Plugin } from 'esbuild'
import { buildPage } from './src/page/build.ts'

/** Makes dist/, what is published: no dependencies are left to install, the preload is one file. */
const root = fileURLToPath(new URL('./', import.meta.url))
const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node22',
  outdir: 'dist',
  metafile: true,
  legalComments: 'none',
  logLevel: 'warning',
} satisfies BuildOptions

/**
 * An `import` of Node's own HTTP modules makes Node look at each of their exports, and a look at WebSocket loads undici: 37 ms of CPU and 14 MB at every start.
 */
const httpWithoutWebSocket: Plugin = {
  name: 'http without WebSocket',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:https?$/ }, ({ path, kind }) =>
      kind === 'import-statement' ? { path, namespace: 'builtin' } : undefined,
    )
    onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule('${path}')`,
      loader: 'js',
    }))
  },
}
/**
 * What fastify loads at each start and the sidecar never asks it for: compilers of JSON schemas (src/sidecar/without-schemas.ts), and the comparison of
 * versions for plugins that name the fastify they need.
 */
const unusedOfFastify: Plugin = {
  name: 'unused of fastify',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(@fastify\/(ajv-compiler|fast-json-stringify-compiler)|semver)$/ }, ({ path, importer }) =>
      importer.includes('/node_modules/fastify/') ? { path, namespace: 'absent' } : undefined,
    )
    onLoad({ filter: /./, namespace: 'absent' }, ({ path }) => ({
      contents: `module.exports = () => { throw new Error('${path} is not in the bundle') }`,
      loader: 'js',
    }))
  },
}

await rm(join(root, 'dist'), { recursive: true, force: true })
const results = [
  // The preload and the API: one file each, so that an agent's start reads little. Kept names cost the preload 4 ms and 3 MB; what an agent
  // can see of it has its name set in the code.
  await build({ ...common, entryPoints: ['src/register.ts'], minify: true }),
  await build({ ...common, entryPoints: ['src/index.ts'], minify: true, keepNames: true }),
  await build({ ...common, entryPoints: ['src/redact.ts'], minify: true, keepNames: true }),
  // The thread that looks for names: started by the sidecar, from its own file.
  await build({
    ...common,
    entryPoints: { 'names-thread': 'src/sidecar/processors/redaction/names-thread.ts' },
    minify: true,
  }),
  // The command line: its entrance is small and plain, so that an old Node can say that it is too old.
  await build({
    ...common,
    entryPoints: ['src/cli.ts'],
    splitting: true,
    chunkNames: 'cli/[name]-[hash]',
    // The client of Redis is an optional peer: who shares limits in a fleet installs it.
    external: ['esbuild', 'redis'],
    plugins: [httpWithoutWebSocket, unusedOfFastify],
    // Names and lines stay readable in what a fault logs.
    minifySyntax: true,
    minifyWhitespace: true,
    // Of the client of Kafka only what writes is taken, with its WebAssembly inside; it becomes a chunk of its own, loaded by an exporter that needs it.
    alias: {
      '@platformatic/kafka': join(root, 'node_modules/@platformatic/kafka/dist/clients/producer/producer.js'),
      '@platformatic/wasm-utils': '@platformatic/wasm-utils/bundled',
    },
    // Some packages in the bundle are CommonJS and ask for Node's own modules.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
  }),
]

await mkdir(join(root, 'dist/page'), { recursive: true })
for (const { name, bytes } of await buildPage()) await writeFile(join(root, 'dist/page', name), bytes)

execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
})
await writeFile(join(root, 'dist/THIRD_PARTY_NOTICES'), await notices(results.map(({ metafile }) => metafile)))

/** The licence texts of every package that went into the bundles. */
async function notices(metafiles: readonly Metafile[]): Promise<string> {
  const folders = new Set<string>()
  for (const input of metafiles.flatMap((metafile) => Object.keys(metafile.inputs))) {
    const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)
    if (match?.[1] !== undefined) folders.add(match[1])
  }
  for (const page of ['preact', 'uplot']) folders.add(`node_modules/${page}`)
  const texts = await Promise.all([...folders].toSorted().map(notice))
  texts.push(await readFile(join(root, 'conventions/names/NOTICE.txt'), 'utf8'))
  return texts.join(`\n${'-'.repeat(80)}\n\n`)
}

async function notice(folder: string): Promise<string> {
  const { name, version, license } = JSON.parse(await readFile(join(root, folder, 'package.json'), 'utf8')) as Record<
    'name' | 'version' | 'license',
    string
  >
  for (const file of ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'LICENCE', 'license', 'LICENSE-MIT']) {
    const text = await readFile(join(root, folder, file), 'utf8').catch(() => undefined)
    if (text !== undefined) return `${name} ${version} (${license})\n\n${text.trim()}\n`
  }
  return `${name} ${version} (${license})\n`
}
