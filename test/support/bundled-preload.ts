import { join } from 'node:path'
import { build } from 'esbuild'
import { projectFolder } from './run-agent.ts'

/**
 * Makes the preload and the public API of this checkout as they are published, in `folder`: each one file, with a copy of its own of
 * everything in it.
 */
export async function bundlePreload(folder: string): Promise<{ readonly register: string; readonly api: string }> {
  for (const entry of ['src/register.ts', 'src/index.ts']) {
    await build({
      absWorkingDir: projectFolder,
      entryPoints: [entry],
      outdir: folder,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node22',
      minify: true,
      keepNames: entry === 'src/index.ts',
      outExtension: { '.js': '.mjs' },
      logLevel: 'error',
    })
  }
  return { register: join(folder, 'register.mjs'), api: join(folder, 'index.mjs') }
}
