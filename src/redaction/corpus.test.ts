import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { describeWithData, sharedData } from '../../test/support/shared-data.ts'
import { createRedactor } from './redactor.ts'

interface Annotated {
  readonly text: string
  readonly spans?: readonly { readonly s: number; readonly e: number; readonly label: string }[]
}

const redactor = createRedactor()
const load = (name: string): Annotated[] =>
  gunzipSync(readFileSync(sharedData('pii', `${name}.jsonl.gz`)))
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Annotated)

/** For each label: spans of which every letter and digit is inside of a hit, and all spans. */
function coverage(texts: readonly Annotated[]): Record<string, string> {
  const counts: Record<string, [number, number]> = {}
  for (const { text, spans = [] } of texts) {
    const { hits } = redactor.redactText(text)
    for (const { s, e, label } of spans) {
      const count = (counts[label] ??= [0, 0])
      count[1]++
      let isCovered = true
      for (let i = s; i < e; i++) {
        if (/[\p{L}\p{N}]/u.test(text.charAt(i)) && !hits.some(({ start, end }) => i >= start && i < end))
          isCovered = false
      }
      if (isCovered) count[0]++
    }
  }
  return Object.fromEntries(Object.entries(counts).map(([label, [covered, all]]) => [label, `${covered}/${all}`]))
}

/** Hits by rule; those that overlap no annotated span are counted as wrong. */
function wrongHits(texts: readonly Annotated[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { text, spans = [] } of texts) {
    for (const { rule, start, end } of redactor.redactText(text).hits) {
      if (spans.some(({ s, e }) => start < e && end > s)) continue
      counts[rule] = (counts[rule] ?? 0) + 1
    }
  }
  return counts
}

describeWithData('pii', () => {
  test('agent_structured_synth: all structured values of agents are covered, and nothing else is', () => {
    const texts = load('agent_structured_synth')
    const labels = {
      CREDIT_CARD: 132,
      EMAIL: 149,
      IBAN: 123,
      IP: 172,
      JWT: 132,
      MAC: 132,
      PHONE: 143,
      PRIVATE_KEY: 118,
      URL_CRED: 144,
      US_SSN: 122,
    }
    const covered = Object.fromEntries(Object.entries(labels).map(([label, count]) => [label, `${count}/${count}`]))
    expect({ covered: coverage(texts), wrong: wrongHits(texts) }).toEqual({ covered, wrong: {} })
  })

  test('fp_identifiers: nothing is found among ids, hashes and numbers', () => {
    expect(wrongHits(load('fp_identifiers'))).toEqual({})
  })

  test('presidio_synth: structured types in sentences are covered, phones of all countries too', () => {
    const covered = {
      CREDIT_CARD: '99/99',
      EMAIL: '109/109',
      IBAN: '31/31',
      IP: '6/6',
      US_SSN: '30/30',
      PHONE: '164/164',
    }
    expect(coverage(load('presidio_synth'))).toMatchObject(covered)
  })

  test('llm_http_cassettes: in 2 MB of real model traffic only addresses are found, of the authors of a quoted paper', () => {
    expect(wrongHits(load('llm_http_cassettes'))).toEqual({ EMAIL: 9 })
  })
})
