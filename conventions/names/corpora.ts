import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { Example, ExampleSpan } from './examples.ts'

/** A line of an annotated file. */
interface Annotated {
  readonly text: string
  readonly src: string
  readonly group: string
  readonly spans?: readonly { readonly s: number; readonly e: number; readonly label: string }[]
}

/** Labels of other types become nothing, or a place where they are made of names of places. */
const LABELS: Readonly<Record<string, ExampleSpan['label']>> = {
  PERSON: 'PERSON',
  LOCATION: 'PLACE',
  ADDRESS: 'PLACE',
  ORG: 'ORGANISATION',
}

/** All texts of an annotated file: JSON lines, compressed. */
export function readAnnotated(folder: string, name: string): Example[] {
  const lines = gunzipSync(readFileSync(join(folder, `${name}.jsonl.gz`)))
    .toString()
    .trim()
    .split('\n')
  return lines.map((line) => {
    const { text, src, group, spans = [] } = JSON.parse(line) as Annotated
    return {
      text,
      group,
      source: src,
      spans: spans.flatMap(({ s, e, label }) => {
        const known = LABELS[label]
        return known === undefined ? [] : [{ start: s, end: e, label: known }]
      }),
    }
  })
}

/** The parts of GUM that are CC BY; biographies and travel guides are share-alike and stay out. */
export const isAttributionOnly = ({ source }: Example): boolean => !/SA/.test(source)

/** Tweets of the Broad Twitter Corpus (CC BY 4.0): tokens and labels in columns. Mentions are no names in running text and are left out. */
export function readTweets(folder: string, sections: string): Example[] {
  return [...sections].flatMap((section) => {
    const tweets = readFileSync(join(folder, `btc-${section}.conll`), 'utf8').split(/\n\s*\n/)
    return tweets.map((tweet, index) => joined(tweet, `tweet:${section}:${index}`))
  })
}

const CONLL: Readonly<Record<string, ExampleSpan['label']>> = { PER: 'PERSON', LOC: 'PLACE', ORG: 'ORGANISATION' }

/** Puts blanks back as people write them. */
function joined(tweet: string, group: string): Example {
  let text = ''
  const spans: ExampleSpan[] = []
  let isMention = false
  for (const line of tweet.split('\n')) {
    const [word = '', tag = 'O'] = line.split('\t')
    if (word === '') continue
    const isGlued = isMention || /^(?:[.,!?;:)\]}…%]|'\w*|n't)$/.test(word) || /[([{@#"“]$/.test(text)
    const start = text === '' || isGlued ? text.length : text.length + 1
    text += `${start > text.length ? ' ' : ''}${word}`
    const label = CONLL[tag.slice(2).trim()]
    const last = spans.at(-1)
    if (label !== undefined && word !== '@' && word !== '#' && !isMention && !/^[@#]/.test(word)) {
      if (tag.startsWith('I') && last?.label === label && start - last.end <= 1)
        spans[spans.length - 1] = { ...last, end: text.length }
      else spans.push({ start, end: text.length, label })
    }
    isMention = word === '@' || word === '#'
  }
  return { text, spans, group, source: 'tweets' }
}
