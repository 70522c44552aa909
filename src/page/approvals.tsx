import { useEffect, useState } from 'preact/hooks'
import { answeredRow, approvalRows } from './approval-rows.ts'
import type { ApprovalRow } from './approval-rows.ts'
import { decideApproval, fetchApprovals } from './approvals-api.ts'
import type { ApprovalList } from './approvals-api.ts'
import { Field } from './field.tsx'
import { count, duration } from './format.ts'
import { useNow } from './live.ts'
import { hrefOf } from './route.ts'

const POLL_MS = 2000
const PERSON_KEY = 'spanwarden.person'

/** Calls that wait for a person, with the two answers; nothing where supervised mode is not on and none waits. */
export function Approvals() {
  const nowMs = useNow(POLL_MS)
  const [list, setList] = useState<ApprovalList>()
  const [rows, setRows] = useState<readonly ApprovalRow[]>([])
  const [person, setPerson] = useState(() => localStorage.getItem(PERSON_KEY) ?? '')
  const [token, setToken] = useState('')
  const [reason, setReason] = useState('')
  const [problem, setProblem] = useState('')

  useEffect(() => {
    let isCurrent = true
    const show = (read: ApprovalList): void => {
      if (!isCurrent) return
      setList(read)
      setRows((shown) => approvalRows(shown, read, Date.now()))
    }
    // A sidecar that does not answer shows in the header.
    fetchApprovals().then(show, ignore)
    return () => void (isCurrent = false)
  }, [nowMs])

  const answer = async (order: 'approve' | 'deny', id: string): Promise<void> => {
    if (person.trim() === '') return setProblem('Put in your name first: it is in the audit log.')
    localStorage.setItem(PERSON_KEY, person)
    try {
      const { isOver, text } = await decideApproval({ order, id, person: person.trim(), reason: reason.trim() }, token)
      setProblem(isOver ? '' : `Not decided: ${text}.`)
      if (!isOver) return
      setReason('')
      setRows((shown) => answeredRow(shown, id, text, Date.now()))
    } catch {
      setProblem('Not decided: the sidecar does not answer.')
    }
  }

  if (list === undefined || (!list.supervised && rows.length === 0)) return null
  const waiting = rows.filter(({ gone }) => gone === undefined).length
  return (
    <section class="approvals" aria-label="Calls that wait for a person">
      <div class="bar">
        <h2>Approvals</h2>
        <p class="muted" role="status">
          {waiting === 0 ? 'No call waits' : `${count(waiting)} ${waiting === 1 ? 'call waits' : 'calls wait'}`}
          {list.supervised ? `, supervised ${untilText(list.until)}` : ', supervised mode has ended'}. Silence denies.
        </p>
      </div>
      {rows.length > 0 && (
        <>
          <div class="approval-person">
            <Field
              label="Your name"
              value={person}
              onInput={(name) => {
                setPerson(name)
                setProblem('')
              }}
            />
            <Field label="Reason, if you like" value={reason} onInput={setReason} />
            {list.needs_token && <Field label="Token" value={token} onInput={setToken} isSecret />}
          </div>
          {problem !== '' && (
            <p class="notice" role="alert">
              {problem}
            </p>
          )}
          <Calls rows={rows} answer={answer} />
        </>
      )}
    </section>
  )
}

const ignore = (): void => {}

const untilText = (until: string | null): string =>
  until === null ? 'for good' : `until ${new Date(until).toLocaleString()}`

interface CallsProps {
  readonly rows: readonly ApprovalRow[]
  answer(order: 'approve' | 'deny', id: string): Promise<void>
}

function Calls({ rows, answer }: CallsProps) {
  return (
    <div class="table-frame">
      <table class="runs">
        <caption class="hidden">Calls that wait, the oldest first</caption>
        <thead>
          <tr>
            <th scope="col">Tool</th>
            <th scope="col">Agent</th>
            <th scope="col">Arguments</th>
            <th scope="col" class="number">
              Waits
            </th>
            <th scope="col" class="number">
              Left
            </th>
            <th scope="col">Answer</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Call key={row.call.id} row={row} answer={answer} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Call({ row: { call, gone }, answer }: { readonly row: ApprovalRow; readonly answer: CallsProps['answer'] }) {
  const { id, tool, agent, trace_id: traceId } = call
  return (
    <tr>
      <th scope="row">
        {tool} <span class="muted">{call.class}</span>
      </th>
      <td>
        {traceId === null ? agent : <a href={hrefOf({ view: 'run', traceId, spanId: '' })}>{agent}</a>}
        {!call.connected && gone === undefined && <span class="red"> not connected</span>}
      </td>
      <td>
        <code class="approval-input">{call.input}</code>
      </td>
      <td class="number">{duration(call.waited_ms)}</td>
      <td class="number">{gone === undefined ? duration(call.left_ms) : ''}</td>
      <td>
        {gone === undefined ? (
          <span class="approval-answer">
            <button type="button" onClick={() => void answer('approve', id)} aria-label={`Approve ${tool} of ${agent}`}>
              Approve
            </button>
            <button type="button" onClick={() => void answer('deny', id)} aria-label={`Deny ${tool} of ${agent}`}>
              Deny
            </button>
          </span>
        ) : (
          gone.text
        )}
      </td>
    </tr>
  )
}
