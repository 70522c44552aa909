import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { allLocales } from '@faker-js/faker'
import { hashOf } from '../../src/redaction/names/name-tokens.ts'
import { wordFilter } from '../../src/redaction/names/word-sets.ts'
import { PROPER_WORDS } from './proper-words.ts'

/** Where the lists that are no dependency of the project lie; see train-names.ts. */
export interface ListFolders {
  /** Name files of the US census of 1990: dist.all.last, dist.male.first, dist.female.first (public domain). */
  readonly census: string
  /** SCOWL as english-words-10.json … (permissive, Copyright Kevin Atkinson). */
  readonly scowl: string
}

/** The lists in the order of their bits in word-sets.ts, as hashes of words. */
export function wordLists(folders: ListFolders): ReadonlySet<number>[] {
  const first = census(folders, 'dist.male.first').concat(census(folders, 'dist.female.first'))
  const last = census(folders, 'dist.all.last')
  const names = fakerNames()
  const common = [10, 20, 35].flatMap((size) => scowl(folders, size))
  const words = [...common, ...[40, 50, 55].flatMap((size) => scowl(folders, size))]
  return [
    hashes(first.filter(({ share }) => share >= 0.02).map(({ name }) => name)),
    hashes([...first.map(({ name }) => name), ...names.first]),
    hashes(last.slice(0, 1500).map(({ name }) => name)),
    hashes([...last.slice(0, 25_000).map(({ name }) => name), ...names.last]),
    hashes(names.places),
    hashes(common),
    hashes(words),
    hashes(PROPER_WORDS),
  ]
}

export const wordFilters = (folders: ListFolders): Uint8Array[] => wordLists(folders).map((list) => wordFilter(list))

/** First and last names and places of all locales whose script has capitals. */
export function fakerNames(): Record<'first' | 'last' | 'places', string[]> {
  const first: string[] = []
  const last: string[] = []
  const places: string[] = []
  for (const { person, location } of Object.values(allLocales)) {
    first.push(...strings(person?.first_name), ...strings(person?.middle_name))
    last.push(...strings(person?.last_name))
    places.push(
      ...strings(location?.city_name),
      ...strings(location?.state),
      ...strings(location?.country),
      ...strings(location?.county),
    )
  }
  return { first: first.filter(isCased), last: last.filter(isCased), places: places.filter(isCased) }
}

const isCased = (name: string): boolean => /^\p{Lu}/u.test(name)

/** Whatever way a locale nests its list. */
function strings(list: unknown): string[] {
  if (typeof list === 'string') return [list]
  if (Array.isArray(list)) return list.flatMap(strings)
  if (typeof list === 'object' && list !== null)
    return 'value' in list ? strings(list.value) : Object.values(list).flatMap(strings)
  return []
}

/** Of the words of each entry: lists hold names of several words, the tagger looks at one. */
function hashes(entries: readonly string[]): ReadonlySet<number> {
  const words = entries.flatMap((entry) => entry.split(/[^\p{L}'’-]+/u)).filter((word) => word.length > 1)
  return new Set(words.map(hashOf))
}

interface CensusName {
  readonly name: string
  /** In percent of the population. */
  readonly share: number
}

function census({ census: folder }: ListFolders, file: string): CensusName[] {
  const lines = readFileSync(join(folder, file), 'utf8').trim().split('\n')
  return lines.map((line) => {
    const [name = '', share = '0'] = line.trim().split(/\s+/)
    return { name, share: Number(share) }
  })
}

function scowl({ scowl: folder }: ListFolders, size: number): string[] {
  return JSON.parse(readFileSync(join(folder, `english-words-${size}.json`), 'utf8')) as string[]
}
