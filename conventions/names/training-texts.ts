import type { Example } from './examples.ts'
import { isAttributionOnly, readAnnotated, readTweets } from './corpora.ts'
import { filledTemplates } from './fill-templates.ts'
import type { Weighted } from './fit.ts'
import { Identities, refilled, withOtherPersons } from './identities.ts'
import { WITH_NAMES, WITHOUT_NAMES } from './templates.ts'

/** Annotated texts that may be trained on. UNER and the agent traces are for measuring only, the share-alike parts of GUM stay out. */
export interface Corpora {
  /** Wikipedia sentences (wikigold, CC BY 4.0). */
  readonly encyclopedia: readonly Example[]
  /** Academic, court, interview and news texts of GUM (CC BY). */
  readonly essays: readonly Example[]
  /** Sentences of presidio-research (MIT); their identities are replaced. */
  readonly sentences: readonly Example[]
  /** Broad Twitter Corpus (CC BY 4.0). */
  readonly tweets: readonly Example[]
}

export function readCorpora(annotated: string, tweets: string): Corpora {
  return {
    encyclopedia: readAnnotated(annotated, 'wikigold'),
    essays: readAnnotated(annotated, 'gum_names').filter(isAttributionOnly),
    sentences: readAnnotated(annotated, 'presidio_synth'),
    tweets: readTweets(tweets, 'abefgh'),
  }
}

const TWEET_WEIGHT = 0.5
const SWAPS = 2
const TEMPLATE_ROUNDS = 6
const OTHER_ROUNDS = 7

/** Everything that is learnt from: the corpora, again with other persons, and templates filled with made-up identities. */
export function trainingTexts({ encyclopedia, essays, sentences, tweets }: Corpora, seed: number): Weighted[] {
  const identities = new Identities(seed)
  const texts: Weighted[] = []
  for (const example of [...encyclopedia, ...essays]) {
    texts.push(example)
    if (!example.spans.some(({ label }) => label === 'PERSON')) continue
    for (let i = 0; i < SWAPS; i++) texts.push(withOtherPersons(example, identities))
  }
  for (const example of sentences) for (let i = 0; i < SWAPS; i++) texts.push(withOtherIdentities(example, identities))
  for (const example of tweets) texts.push({ ...example, weight: TWEET_WEIGHT })
  for (let i = 0; i < TEMPLATE_ROUNDS; i++) texts.push(...filledTemplates(WITH_NAMES, identities))
  for (let i = 0; i < OTHER_ROUNDS; i++) texts.push(...filledTemplates(WITHOUT_NAMES, identities))
  return texts
}

/** The identities of the sentences are share-alike: none is learnt from. */
function withOtherIdentities(example: Example, identities: Identities): Example {
  return refilled(example, ({ label }, old) => {
    if (label === 'PERSON') return identities.like(old)
    if (label === 'ORGANISATION') return identities.company()
    return /\d/.test(old) ? identities.address() : identities.place()
  })
}
