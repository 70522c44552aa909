/** What of the source was read as one character, and whether it is a byte of UTF-8 rather than a character. */
export interface Unit {
  from: number
  to: number
  isByte: boolean
}

/** Nothing to resolve here: the bytes up to `to` stay. */
export const NO_UNIT = -1
/** Something that is not seen. */
export const NOTHING = -2
