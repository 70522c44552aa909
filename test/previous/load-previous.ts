import { createRequire } from 'node:module'

/** Loads a client library in its previous major, which is installed beside this file. */
export const loadPrevious = (specifier: string, format: 'esm' | 'cjs'): Promise<unknown> =>
  format === 'esm' ? import(specifier) : Promise.resolve(createRequire(import.meta.url)(specifier))
