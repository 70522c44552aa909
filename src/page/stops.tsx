import { useEffect, useState } from 'preact/hooks'
import { Field } from './field.tsx'
import { useNow } from './live.ts'
import { confirmedText, fetchStops, orderKill, scopeText } from './stops-api.ts'
import type { KillOrder, ScopeName, StopList } from './stops-api.ts'

const POLL_MS = 2000
const PERSON_KEY = 'spanwarden.person'
const FLEET: ScopeName = { scope: 'fleet', value: 'fleet' }

type Wanted = Pick<KillOrder, 'order' | 'scope' | 'value'>

/** The kill switch: what is stopped, and the buttons to stop and to resume. Each is asked for twice. */
export function Stops() {
  const nowMs = useNow(POLL_MS)
  const [list, setList] = useState<StopList>()
  const [agent, setAgent] = useState('')
  const [wanted, setWanted] = useState<Wanted>()
  const [asked, setAsked] = useState(0)
  useEffect(() => {
    let isCurrent = true
    // A sidecar that does not answer shows in the header.
    fetchStops().then((read) => void (isCurrent && setList(read)), ignore)
    return () => void (isCurrent = false)
  }, [nowMs, asked])
  if (list === undefined) return null
  const scope = agent === '' ? FLEET : { scope: 'agent', value: agent }
  return (
    <section class="stops" aria-label="Kill switch">
      <div class="bar">
        <h2>Kill switch</h2>
        <p class="muted" role="status">
          {list.stops.length === 0 ? 'Nothing is stopped.' : `${list.stops.length} stopped, until a person resumes it.`}
        </p>
        <label>
          <span class="hidden">What to stop</span>
          <select value={agent} onChange={(event) => setAgent(event.currentTarget.value)}>
            <option value="">Everything</option>
            {list.agents.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <button type="button" class="stop-button" onClick={() => setWanted({ order: 'stop', ...scope })}>
          Stop
        </button>
      </div>
      {wanted !== undefined && (
        <Confirm
          key={`${wanted.order} ${wanted.scope} ${wanted.value}`}
          wanted={wanted}
          needsToken={list.needs_token}
          done={() => {
            setWanted(undefined)
            setAsked((count) => count + 1)
          }}
        />
      )}
      {list.stops.length > 0 && (
        <ul>
          {list.stops.map((stop) => (
            <li key={scopeText(stop)}>
              <strong class="red">{scopeText(stop)}</strong>: {stop.reason}
              <span class="muted">
                {' '}
                ({stop.person}, {new Date(stop.at).toLocaleString()}) {confirmedText(list, stop)}
              </span>
              <button
                type="button"
                aria-label={`Resume ${scopeText(stop)}`}
                onClick={() => setWanted({ order: 'resume', scope: stop.scope, value: stop.value })}
              >
                Resume
              </button>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

const ignore = (): void => {}

interface ConfirmProps {
  readonly wanted: Wanted
  readonly needsToken: boolean
  done(): void
}

/** Who, why, and yes. */
function Confirm({ wanted, needsToken, done }: ConfirmProps) {
  const [person, setPerson] = useState(() => localStorage.getItem(PERSON_KEY) ?? '')
  const [reason, setReason] = useState('')
  const [token, setToken] = useState('')
  const [problem, setProblem] = useState('')
  const verb = wanted.order === 'stop' ? 'Stop' : 'Resume'
  const order = async (): Promise<void> => {
    if (person.trim() === '' || reason.trim() === '')
      return setProblem('Put in your name and why: both are in the audit log.')
    localStorage.setItem(PERSON_KEY, person)
    try {
      const refused = await orderKill({ ...wanted, person: person.trim(), reason: reason.trim() }, token)
      if (refused === undefined) done()
      else setProblem(`Not done: ${refused}.`)
    } catch {
      setProblem('Not known whether it is done: the sidecar does not answer.')
    }
  }
  return (
    <form
      class="stop-order"
      aria-label={`${verb} ${scopeText(wanted)}?`}
      onSubmit={(event) => {
        event.preventDefault()
        void order()
      }}
    >
      <strong>
        {verb} {scopeText(wanted)}?
      </strong>
      <Field label="Your name" value={person} onInput={setPerson} />
      <Field label="Why" value={reason} onInput={setReason} />
      {needsToken && <Field label="Token" value={token} onInput={setToken} isSecret />}
      <button type="submit" class={wanted.order === 'stop' ? 'stop-button' : ''}>
        Yes, {verb.toLowerCase()}
      </button>
      <button type="button" onClick={done}>
        Cancel
      </button>
      {problem !== '' && (
        <p class="notice" role="alert">
          {problem}
        </p>
      )}
    </form>
  )
}
