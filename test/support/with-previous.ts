import { readFileSync } from 'node:fs'
import type { Build } from './hooked.ts'

const { devDependencies }: { devDependencies: Readonly<Record<string, string>> } = JSON.parse(
  readFileSync(new URL('../previous/package.json', import.meta.url), 'utf8'),
)

/** The build to load for a major: the current one of packages whose previous major is not installed. */
export const buildOf = (specifier: string, major: Build['major']): Build => ({
  major: Object.hasOwn(devDependencies, specifier) ? major : 'current',
  format: 'esm',
})
