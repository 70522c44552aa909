import { readFileSync } from 'node:fs'
import { projectFolder } from '../support/run-agent.ts'

/*
 * What the stock collector's redaction processor is given to look for, in the syntax of RE2: nothing that stands behind a match can be checked, and words around it
 * can't be asked for, so this is less than our rules find.
 */

/** What people write into their configuration: a pattern for each of the common types. */
export const commonPatterns: readonly string[] = [
  '-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----[^-]*-----END [A-Z ]*PRIVATE KEY(?: BLOCK)?-----',
  '\\beyJ[\\w-]+\\.[\\w-]+\\.[\\w-]*',
  '(?i)\\b[a-z][a-z0-9+.-]*://[^\\s:@/]+:[^\\s:@/]+@',
  '\\b(?:sk-|ghp_|gho_|github_pat_|glpat-|xox[abp]-|AKIA|AIza|hf_|npm_|sk_live_)[\\w-]{12,}',
  '(?i)(?:password|passwd|secret|token|api_?key)["\']?\\s*[:=]\\s*["\']?[^\\s"\',;]{8,}',
  '(?i)\\bbearer\\s+[\\w.~+/=-]{8,}',
  '\\b[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\\.[A-Za-z]{2,}\\b',
  '\\b(?:\\d[ -]?){12,18}\\d\\b',
  '\\b[A-Z]{2}\\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\\b',
  '\\b\\d{3}-\\d{2}-\\d{4}\\b',
  '\\b(?:\\d{1,3}\\.){3}\\d{1,3}\\b',
  '(?i)\\b(?:[0-9a-f]{1,4}:){2,7}[0-9a-f]{1,4}\\b',
  '(?i)\\b(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\\b',
  '\\+\\d{1,3}[ .-]?(?:\\(?\\d{1,4}\\)?[ .-]?){2,5}\\d{2,4}\\b',
  '(?:\\(\\d{3}\\) ?|\\b\\d{3}[-. ])\\d{3}[-. ]\\d{4}\\b',
]

const CLASSES: Readonly<Record<string, string>> = {
  d: '0-9',
  x: '0-9a-f',
  u: 'A-Z0-9',
  l: 'a-z',
  a: 'A-Za-z0-9',
  w: '\\w-',
  e: '\\w.=-',
  m: '\\w+/=-',
  t: '\\w.~-',
  b: 'A-Za-z0-9+/=',
}

/** One pattern for each type of vendors' keys that our rules know, made of their forms. */
export function vendorPatterns(): string[] {
  const source = readFileSync(`${projectFolder}src/redaction/rules/vendor-keys.ts`, 'utf8')
  const table = source.slice(source.indexOf('const vendors'), source.indexOf('const shapesOf'))
  const entries = table.split(/\[\s*'[A-Z0-9_]+',/).slice(1)
  return entries.map((entry) => {
    const forms = (entry.match(/'[^']*\{[^']*'/g) ?? []).flatMap((text) => text.slice(1, -1).trim().split(' '))
    return `(?:${forms.map(re2Of).join('|')})`
  })
}

function re2Of(form: string): string {
  const isAnyCase = /^\??~/.test(form)
  const pattern = form
    .replace(/^[?~]+/, '')
    .replaceAll(
      /\{([a-z])(\d+)(?:-(\d+)|(\+))?\}|[^{]+/g,
      (literal, name: string | undefined, min: string, max?: string, more?: string) => {
        if (name === undefined) return literal.replaceAll(/[.*+?^$()|[\]\\]/g, String.raw`\$&`)
        return `[${CLASSES[name] ?? ''}]{${min}${more !== undefined ? ',' : max === undefined ? '' : `,${max}`}}`
      },
    )
  return `${isAnyCase ? '(?i:' : '(?:'}${pattern})`
}
