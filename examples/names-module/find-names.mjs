/*
 * A names module for the redaction processor, here on top of the npm package compromise (MIT): any model that runs in Node.js will do.
 *
 *   processors:
 *     redaction:
 *       names: { enabled: true, module: ./examples/names-module/find-names.mjs }
 *
 * It runs in a thread of its own. What it throws, or takes too long for, masks the texts it was asked about.
 */
import nlp from 'compromise'

/**
 * @param {string[]} texts Contents of one batch.
 * @returns {Promise<{ start: number, end: number, type: string, confidence?: number }[][]>} For each text what was found there; offsets are UTF-16 code units.
 */
export async function findNames(texts) {
  return texts.map((text) => nlp(text).people().out('offset').map(rangeOf))
}

/** From the first to the last word, without the sign behind it. */
function rangeOf({ terms }) {
  const first = terms[0].offset
  const last = terms.at(-1).offset
  return { start: first.start, end: last.start + last.length, type: 'PERSON', confidence: 0.7 }
}
