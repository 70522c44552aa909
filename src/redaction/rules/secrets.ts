import type { Rule } from '../rule.ts'
import { ALNUM, DIGIT } from '../subject.ts'
import type { Subject } from '../subject.ts'
import { TRIGGER_SK } from '../triggers.ts'

// Examples are put together from parts, so that secret scanners do not take them for leaks.
const run36 = 'a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8'

export const openaiKey: Rule = {
  type: 'OPENAI_KEY',
  family: 'secrets',
  summary: 'API keys of the form `sk-…`: OpenAI and those who copied its form.',
  triggers: [TRIGGER_SK],
  confidence: 0.95,
  find: (subject, at) => !subject.hasText(at + 1, 'ant-') && findSkKey(subject, at),
  examples: {
    matches: [`key=«sk${'-'}proj-${run36}»`, `«sk${'-'}${run36}»`, `Contact:\\n«sk${'-'}${run36}»`],
    misses: ['sk-learn-estimator-checks-are-nice', 'task-id-0123456789abcdefghij', 'sk-short1'],
  },
}

export const anthropicKey: Rule = {
  type: 'ANTHROPIC_KEY',
  family: 'secrets',
  summary: 'Anthropic API keys, `sk-ant-…`.',
  triggers: [TRIGGER_SK],
  confidence: 1,
  find: (subject, at) => subject.hasText(at + 1, 'ant-') && findSkKey(subject, at),
  examples: { matches: [`"«sk${'-'}ant-api03-${run36}_x-AA»"`], misses: [`sk-ant-x`] },
}

/** `at` is the dash of sk-. */
function findSkKey(subject: Subject, at: number): boolean {
  const from = at - 2
  if (from < subject.start || subject.isWord(from - 1)) return false
  const to = subject.tokenEnd(at + 1)
  // A key is random somewhere: a part of sixteen letters and digits with two digits in it.
  let part = 0
  let digits = 0
  for (let i = at + 1; i < to && i < at + 256; i++) {
    if (!subject.is(i, ALNUM)) part = digits = 0
    else {
      part++
      if (subject.is(i, DIGIT)) digits++
      if (part >= 16 && digits >= 2) return subject.matched(from, to)
    }
  }
  subject.steps += Math.min(256, to - at)
  return false
}
