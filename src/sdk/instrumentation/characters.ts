/**
 * Characters of all texts in a value of a request, names of fields not counted: for the estimate when a provider counts no tokens. What is
 * inlined (images, files) is left out, and so is what is deeper or more than can be a message.
 */
export function charactersOf(value: unknown): number {
  let characters = 0
  let values = 0
  const count = (item: unknown, depth: number): void => {
    values += 1
    if (values > VALUES_MAX || depth > DEPTH_MAX) return
    if (typeof item === 'string') {
      if (!isInlined(item)) characters += item.length
    } else if (Array.isArray(item)) {
      for (const element of item) count(element, depth + 1)
    } else if (typeof item === 'object' && item !== null && !ArrayBuffer.isView(item)) {
      for (const element of Object.values(item)) count(element, depth + 1)
    }
  }
  count(value, 0)
  return characters
}

/** Values of one request that are looked at. */
const VALUES_MAX = 100_000
/** Nesting of one request that is looked at. */
const DEPTH_MAX = 32

/** A data URL, or a long run without a space, as base64 is. */
const isInlined = (text: string): boolean =>
  text.startsWith('data:') ||
  (text.length > INLINED_CHARACTERS_MIN && !text.slice(0, INLINED_CHARACTERS_MIN).includes(' '))

/** No word of any language is that long. */
const INLINED_CHARACTERS_MIN = 1_024
