import { globSync, readFileSync, statSync } from 'node:fs'

/** Texts without personal data: what is found in them is false. */
export interface Negatives {
  readonly name: string
  readonly texts: readonly string[]
}

const FILE_BYTES_MAX = 120_000
const CODE_BYTES_MAX = 4_000_000
const EXTENSIONS = ['ts', 'js', 'mjs', 'json', 'md']
/** Packages that are about personal data: their code is full of examples of it. */
const ABOUT_IT = /redact|arcjet|compromise|libphonenumber|faker|playwright/

/** Real code: of each kind of file the same number of bytes, of files that stand in the alphabet at equal distances. */
export function realCode(): Negatives {
  const root = new URL('../../../node_modules/', import.meta.url)
  const texts = EXTENSIONS.flatMap((extension) => {
    const files = globSync(`{*,@*/*}/{.,src,lib,dist,dist/*}/*.${extension}`, { cwd: root })
      .filter((file) => !ABOUT_IT.test(file) && !file.endsWith('package.json'))
      .sort()
    const chosen: string[] = []
    const stride = Math.max(1, Math.floor(files.length / 200))
    let bytes = 0
    for (let i = 0; i < files.length && bytes < CODE_BYTES_MAX / EXTENSIONS.length; i += stride) {
      const url = new URL(files[i] ?? '', root)
      const { size } = statSync(url)
      if (size === 0 || size > FILE_BYTES_MAX) continue
      chosen.push(readFileSync(url, 'utf8'))
      bytes += size
    }
    return chosen
  })
  return { name: 'real code', texts }
}
