import { useEffect, useState } from 'preact/hooks'
import type { TriedRedaction } from '../store/records.ts'
import { tryRedaction } from './api.ts'
import { count, percent } from './format.ts'

/** Typing pauses of this length have the text looked at. */
const PAUSE_MS = 250

const example = [
  'Customer: "My name is Ada, mail me at ada.lovelace@example.com or call +1 415 555 0132."',
  '{"payment":{"card":"5555 5555 5555 4444","iban":"DE89 3704 0044 0532 0130 00"},"password":"correct-horse-42"}',
].join('\n')

/** A text, and what redaction would take out of it: sent to the sidecar only, kept nowhere. */
export function RedactionTrial() {
  const [text, setText] = useState(example)
  const [tried, setTried] = useState<{ readonly of: string; readonly result: TriedRedaction }>()
  const [problem, setProblem] = useState('')

  useEffect(() => {
    let isCurrent = true
    const look = async (): Promise<void> => {
      try {
        const result = await tryRedaction(text)
        if (!isCurrent) return
        setTried({ of: text, result })
        setProblem('')
      } catch (error) {
        if (isCurrent) setProblem(error instanceof Error ? error.message : String(error))
      }
    }
    const timer = setTimeout(() => void look(), PAUSE_MS)
    return () => {
      isCurrent = false
      clearTimeout(timer)
    }
  }, [text])

  return (
    <>
      <div class="bar">
        <h1>What redaction would take out</h1>
      </div>
      <p class="muted">
        Put in a prompt, a tool’s answer or a log line. The default rules are tried on it; it is sent to this sidecar
        only and kept nowhere.
      </p>
      <section class="trial">
        <h3>
          <label for="trial-text">Text</label>
        </h3>
        <textarea
          id="trial-text"
          rows={8}
          spellcheck={false}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        {problem !== '' && (
          <p class="notice" role="alert">
            Not looked at: {problem}.
          </p>
        )}
        {tried !== undefined && <Marked text={tried.of} tried={tried.result} />}
      </section>
      {tried !== undefined && <Findings tried={tried.result} text={tried.of} />}
    </>
  )
}

function Marked({ text, tried }: { readonly text: string; readonly tried: TriedRedaction }) {
  const pieces = []
  let at = 0
  for (const { start, end, rule, replacement } of tried.found) {
    pieces.push(
      text.slice(at, start),
      <mark class="redacted" title={`${rule}: becomes ${replacement}`}>
        {text.slice(start, end)}
      </mark>,
    )
    at = end
  }
  pieces.push(text.slice(at))
  return (
    <>
      <h3>Found</h3>
      <pre class="trial-text">{pieces}</pre>
      <h3>What leaves this host</h3>
      <pre class="trial-text">{tried.text}</pre>
    </>
  )
}

function Findings({ tried, text }: { readonly tried: TriedRedaction; readonly text: string }) {
  if (tried.found.length === 0) return <p class="notice">Nothing would be taken out.</p>
  return (
    <div class="table-frame">
      <table class="runs findings">
        <caption class="hidden">{count(tried.found.length)} findings, in the order of the text</caption>
        <thead>
          <tr>
            <th scope="col">Rule</th>
            <th scope="col" class="number">
              Sure
            </th>
            <th scope="col">Value</th>
            <th scope="col">What it finds</th>
          </tr>
        </thead>
        <tbody>
          {tried.found.map(({ start, end, rule, confidence, summary }) => (
            <tr key={start}>
              <td>
                <code>{rule}</code>
              </td>
              <td class="number">{percent(confidence)}</td>
              <td>
                <code>{shortened(text.slice(start, end))}</code>
              </td>
              <td>{summary}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

const SHOWN_CHARS = 48
const shortened = (value: string): string => (value.length > SHOWN_CHARS ? `${value.slice(0, SHOWN_CHARS)}…` : value)
