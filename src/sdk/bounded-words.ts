import type { Attributes } from '@opentelemetry/api'

export const boundedWord = (word: string): string =>
  word.length <= WORD_CHARACTERS_MAX ? word : word.slice(0, WORD_CHARACTERS_MAX).toWellFormed()

/** Cuts the texts of attributes without content, in place. What a server says can be of any length, and takes the other spans of its batch along. */
export function boundWords(attributes: Attributes): void {
  for (const key of Object.keys(attributes)) {
    const value = attributes[key]
    if (typeof value === 'string') attributes[key] = boundedWord(value)
    else if (isTexts(value)) attributes[key] = value.slice(0, WORDS_MAX).map(boundedWord)
  }
}

/** Characters of a name, an id or a reason, and items of a list, that are kept. */
const WORD_CHARACTERS_MAX = 1_024
const WORDS_MAX = 256

const isTexts = (value: Attributes[string]): value is string[] => Array.isArray(value) && typeof value[0] === 'string'
