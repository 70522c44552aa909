import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Rule, RuleFamily } from '../src/redaction/rule.ts'
import { rules } from '../src/redaction/rules.ts'

/** docs/redaction.md: the text of redaction.md in this folder, with a table of the rules of each family in the place of `<!-- rules -->`. */
export function renderRedaction(folder: string): string {
  const text = readFileSync(join(folder, 'redaction.md'), 'utf8')
  const parts = text.split(MARKER)
  if (parts.length !== 2) throw new Error(`conventions/redaction.md has ${parts.length - 1} times ${MARKER}`)
  const notice =
    '<!-- Generated from conventions/redaction.md and src/redaction/rules by `npm run generate`. Do not edit. -->\n'
  return notice + parts.join(familiesOf(rules))
}

const MARKER = '<!-- rules -->'

const FAMILIES: Record<RuleFamily, string> = {
  secrets: 'Secrets',
  payment: 'Payment',
  identity: 'Identity documents and numbers of authorities',
  contact: 'Contact',
  network: 'Network',
  personal: 'Persons',
  custom: 'Custom',
}

function familiesOf(all: readonly Rule[]): string {
  const byFamily = Map.groupBy(all, ({ family }) => family)
  const sections = Object.entries(FAMILIES).flatMap(([family, title]) => {
    const members = byFamily.get(family as RuleFamily) ?? []
    if (members.length === 0) return []
    return [
      `### ${title} (\`${family}\`)\n`,
      '| type | what is found | sure | example | source |',
      '|---|---|---|---|---|',
      ...members.map(rowOf),
      '',
    ]
  })
  return sections.join('\n').trimEnd()
}

function rowOf(rule: Rule): string {
  const { type, summary, isDefault = true, confidence, source = '', words = [], context = [] } = rule
  const cues = context.length > 0 ? context : words
  const described = [
    summary,
    cues.length === 0 ? '' : `Words: ${listOf(cues)}.`,
    isDefault ? '' : '**Off** unless named.',
  ]
  const cells = [
    code(type),
    described.filter((part) => part !== '').join(' '),
    String(confidence),
    code(exampleOf(rule)),
    source,
  ]
  return `| ${cells.map(inCell).join(' | ')} |`
}

const WORDS_MAX = 12
const listOf = (words: readonly string[]): string =>
  words.length <= WORDS_MAX
    ? words.join(', ')
    : `${words.slice(0, WORDS_MAX).join(', ')} and ${words.length - WORDS_MAX} more`

const EXAMPLE_CHARS_MAX = 70
const SECRET_CHARS_SHOWN = 6

/** The shortest example; of secrets only the beginning, or scanners of repositories would take this page for a leak. */
function exampleOf({ family, examples }: Rule): string {
  const example = examples.matches.toSorted((a, b) => a.length - b.length)[0] ?? ''
  const shown =
    family === 'secrets' ? example.replaceAll(/«([^»]*)»/g, (_, value: string) => `«${shortened(value)}»`) : example
  const line = JSON.stringify(shown).slice(1, -1).replaceAll('\\"', '"').replaceAll('\\\\', '\\')
  return line.length <= EXAMPLE_CHARS_MAX ? line : `${line.slice(0, EXAMPLE_CHARS_MAX)}…`
}

const shortened = (value: string): string =>
  value.length <= SECRET_CHARS_SHOWN ? value : `${value.slice(0, Math.min(SECRET_CHARS_SHOWN, value.length >> 1))}…`

const code = (text: string): string => (text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``)
const inCell = (text: string): string => text.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|')
