import { copyFile, mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import { projectFolder } from './run-agent.ts'

/** The command line of this checkout as it is published, in `folder`, for tests that start it many times. Returns its path. */
export async function bundleCli(folder: string): Promise<string> {
  const outdir = join(folder, 'dist')
  await mkdir(outdir, { recursive: true })
  await copyFile(join(projectFolder, 'package.json'), join(folder, 'package.json'))
  // The client of Redis is not in the bundle.
  await symlink(join(projectFolder, 'node_modules'), join(folder, 'node_modules'))
  await build({
    absWorkingDir: projectFolder,
    entryPoints: ['src/cli.ts'],
    outdir,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    external: ['esbuild', 'redis'],
    outExtension: { '.js': '.mjs' },
    // Some packages in the bundle are CommonJS and ask for Node's own modules.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
    logLevel: 'error',
  })
  return join(outdir, 'cli.mjs')
}
