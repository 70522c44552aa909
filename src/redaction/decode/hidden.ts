import type { Derived } from '../matches.ts'

/** What a decoder made of the place at hand, and up to where it has read: there it need not be asked again. */
export interface Hidden {
  readonly until: number
  readonly text: Derived | undefined
}
