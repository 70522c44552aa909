import type { RunStatus } from '../store/records.ts'

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

export function Status({ status, errorType }: { readonly status: RunStatus; readonly errorType: string }) {
  return (
    <span class={`status status-${status}`} title={explanations[status]}>
      <span class="dot" aria-hidden="true" />
      {words[status]}
      {errorType !== '' && <code>{errorType}</code>}
    </span>
  )
}
