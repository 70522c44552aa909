import { redactedPieces } from './messages.ts'

/** A text in which what redaction took out is easy to see. */
export function RedactedText({ text }: { readonly text: string }) {
  return (
    <>
      {redactedPieces(text).map((piece, i) =>
        piece.isRedacted ? (
          <mark key={i} class="redacted">
            {piece.text}
          </mark>
        ) : (
          piece.text
        ),
      )}
    </>
  )
}
