#!/usr/bin/env node
// Nothing is imported and nothing newer than Node 18 is written before the version is checked: an old Node shall say what is wrong.
const [major, minor] = process.versions.node.split('.').map(Number)
if (major === undefined || minor === undefined || major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(`spanwarden needs Node.js 22.19 or newer; this is ${process.version}.\n`)
  process.exit(1)
} else {
  const { fileURLToPath } = await import('node:url')
  const { stdout, stderr, env, argv } = process
  // Whoever read what is written may be gone (EPIPE); that ends no sidecar.
  for (const stream of [stdout, stderr]) stream.on('error', () => {})
  if (argv[2] === 'collect' || argv[2] === 'run') {
    const { cacheCompiledCode } = await import('./cli/compile-cache.ts')
    cacheCompiledCode(env)
  }
  const { main } = await import('./cli/main.ts')
  const exitCode = await main(argv.slice(2), { stdout, stderr, env, entry: fileURLToPath(import.meta.url) })
  stdout.write('', () => process.exit(exitCode))
}
