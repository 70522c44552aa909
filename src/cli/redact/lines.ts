import * as z from 'zod'
import { UsageError } from '../command.ts'

/** One line of the input of `--jsonl`. */
export interface TextLine {
  /** As it stands in the input: it is handed back. */
  readonly id: unknown
  readonly text: string
  /** Lines of one trace: what is sensitive in one of them is so in all. */
  readonly trace: string
}

const line = z.looseObject({ id: z.unknown(), text: z.string(), trace: z.string().optional() })

/** Lines without a `trace` are of one trace. Blank lines count as nothing. Throws a UsageError that names the line, never what it holds. */
export function readLines(input: string): TextLine[] {
  return input.split('\n').flatMap((text, index) => {
    if (text.trim() === '') return []
    const parsed = line.safeParse(parseJson(text, index + 1))
    if (!parsed.success)
      throw new UsageError(
        `--jsonl: line ${index + 1} is no object {"id": …, "text": "…"} (${parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'line'}: ${message}`).join('; ')})`,
      )
    const { id, text: content, trace = '' } = parsed.data
    return [{ id, text: content, trace }]
  })
}

function parseJson(text: string, number: number): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch {
    throw new UsageError(`--jsonl: line ${number} is no JSON`)
  }
}
