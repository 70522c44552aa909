import type { RedactedText, Redactor } from './redactor.ts'

export interface TraceText {
  readonly text: string
  /** Texts of one trace: what is sensitive in one of them is so in all. */
  readonly trace: string
}

/** Several texts, such as the messages of conversations: twice through, so that what a later one tells is known in the earlier ones. In their order. `redact` is what the result comes from. */
export function redactTexts(
  redactor: Redactor,
  texts: readonly TraceText[],
  redact: (text: string) => RedactedText = (text) => redactor.redactText(text),
): RedactedText[] {
  for (const { text, trace } of texts) {
    redactor.enterTrace(trace)
    redactor.redactText(text)
  }
  const redacted: RedactedText[] = []
  for (const members of Map.groupBy(texts.entries(), ([, { trace }]) => trace).values()) {
    for (const [index, { text, trace }] of members) {
      redactor.enterTrace(trace)
      redacted[index] = redact(text)
    }
  }
  redactor.enterTrace(undefined)
  return redacted
}
