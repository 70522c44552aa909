import { WordSet } from './word-set.ts'

/** Words that may stand between a name and its value in a sentence; behind those of the second set the value comes. */
export const FILLERS = new WordSet(
  'number numbers no nr num code id name names value of on for file the this that my your his her our their its new current old account user customer here',
)
export const VERBS = new WordSet('is are was were be equals to as ist lautet es est è é jest')
/** Behind these a value may come at once: "account number 123". */
export const COUNTS = new WordSet('number no nr num code')
export const ABBREVIATIONS = new WordSet('no nr num')
