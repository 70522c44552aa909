import type { Run, RunStatus } from '../store/records.ts'

const words: Readonly<Record<RunStatus, string>> = {
  ok: 'OK',
  error: 'Failed',
  running: 'Running',
  incomplete: 'Incomplete',
}
const explanations: Readonly<Record<RunStatus, string>> = {
  ok: '',
  error: '',
  running: 'Its root span has not come yet',
  incomplete: 'No root span came for five minutes: the process may have died',
}

const loops = { warn: 'loop?', stop: 'loop' } as const
const loopTexts = { warn: 'It began to repeat itself', stop: 'It repeated itself and was stopped' } as const

/** What the guard had to say of a run. */
export function GuardMarks({ run: { loop, denied } }: { readonly run: Run }) {
  return (
    <>
      {loop !== '' && (
        <span class="guard-mark" title={loopTexts[loop]}>
          {loops[loop]}
        </span>
      )}
      {denied > 0 && (
        <span class="guard-mark" title="Calls that the guard did not let through">
          {denied} denied
        </span>
      )}
    </>
  )
}

export function Status({ status, errorType }: { readonly status: RunStatus; readonly errorType: string }) {
  return (
    <span class={`status status-${status}`} title={explanations[status]}>
      <span class="dot" aria-hidden="true" />
      {words[status]}
      {errorType !== '' && <code>{errorType}</code>}
    </span>
  )
}
