/** Texts of one batch: one behind the other, and where each ends. */
export interface NamesRequest {
  readonly id: number
  readonly bytes: Uint8Array
  readonly ends: Int32Array
}

/** Numbers of one finding: index of its text, start and end in bytes there, index of its type. */
export const FINDING_SIZE = 4

export interface NamesAnswer {
  readonly id: number
  /** FINDING_SIZE numbers each; undefined when the texts could not be looked at. */
  readonly found: Int32Array | undefined
  /** What went wrong, without a word of the texts. */
  readonly problem?: string
}

/** What a user's module exports. Offsets are UTF-16 code units of the text. */
export type FindNames = (
  texts: string[],
) => Promise<readonly (readonly { start: number; end: number; type: string; confidence?: number }[])[]>

export interface NamesThreadData {
  /** URL of the user's module; without it the built-in model. */
  readonly module?: string
  /** Types that are reported. */
  readonly types: readonly string[]
  readonly confidenceMin: number
}
