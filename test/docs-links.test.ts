import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, test } from 'vitest'
import { projectFolder } from './support/run-agent.ts'

/* Every link of README.md, ARCHITECTURE.md and docs/ to a file of the project leads there, and to a heading that is there. */

const read = (file: string): string => readFileSync(join(projectFolder, file), 'utf8')
const pages = [
  'README.md',
  'ARCHITECTURE.md',
  ...readdirSync(join(projectFolder, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

/** As GitHub makes them of headings. */
function anchorsOf(text: string): ReadonlySet<string> {
  const headings = withoutCode(text).matchAll(/^#{1,6} +(?<title>.+)$/gm)
  const slugs = Array.from(headings, ({ groups }) =>
    (groups?.['title'] ?? '')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  )
  return new Set(
    slugs
      .map((slug, i) => [slug, slugs.slice(0, i).filter((one) => one === slug).length] as const)
      .map(([slug, n]) => (n === 0 ? slug : `${slug}-${n}`)),
  )
}

const withoutCode = (text: string): string => text.replaceAll(/^ *```[\s\S]*?^ *```/gm, '')

/** Links that lead nowhere. */
function brokenIn(page: string, text: string): string[] {
  const links = withoutCode(text).matchAll(/\]\((?<target>[^)\s]+)\)/g)
  return Array.from(links, ({ groups }) => groups?.['target'] ?? '').filter((target) => {
    if (/^[a-z]+:/.test(target)) return false
    const [path = '', anchor] = target.split('#')
    const file = path === '' ? page : normalize(join(dirname(page), path))
    if (!existsSync(join(projectFolder, file))) return true
    return anchor !== undefined && file.endsWith('.md') && !anchorsOf(file === page ? text : read(file)).has(anchor)
  })
}

describe('links', () => {
  test.each(pages)('of %s', (page) => expect(brokenIn(page, read(page))).toEqual([]))

  test('that lead nowhere are found', () => {
    const text =
      '# A *title*, `b`\n[x](#a-title-b) [y](#nothing) [z](limits.md#nothing) [u](gone.md) [v](https://a.b/#c)\n```md\n[w](no.md)\n```\n'
    expect(brokenIn('docs/audit.md', text)).toEqual(['#nothing', 'limits.md#nothing', 'gone.md'])
  })
})
