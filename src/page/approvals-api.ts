/** What waits for a person, as the sidecar's guard tells it. */
export interface ApprovalList {
  readonly supervised: boolean
  readonly until: string | null
  readonly needs_token: boolean
  readonly waiting: readonly WaitingCall[]
  readonly decided: readonly DecidedCall[]
}
export interface WaitingCall {
  readonly id: string
  readonly tool: string
  readonly class: string
  readonly agent: string
  readonly run: string | null
  readonly trace_id: string | null
  /** Structure of the arguments, no values. */
  readonly input: string
  readonly waited_ms: number
  readonly left_ms: number
  readonly connected: boolean
}
export interface DecidedCall {
  readonly id: string
  readonly state: string
  readonly person: string | null
}

export interface ApprovalOrder {
  readonly order: 'approve' | 'deny'
  readonly id: string
  readonly person: string
  readonly reason: string
}
/** `isOver`: the call waits no more, whoever has decided. */
export interface ApprovalResult {
  readonly isOver: boolean
  readonly text: string
}

export async function fetchApprovals(): Promise<ApprovalList> {
  const response = await fetch('/api/guard/approvals', { headers: { accept: 'application/json' } })
  if (!response.ok) throw new Error(`the sidecar answered ${response.status}`)
  return response.json()
}

export async function decideApproval(
  { order, id, person, reason }: ApprovalOrder,
  token: string,
): Promise<ApprovalResult> {
  const response = await fetch(`/api/guard/approvals/${order}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token === '' ? {} : { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ id, person, ...(reason === '' ? {} : { reason }) }),
  })
  const said: { error?: string; state?: string; granted?: boolean | null; because?: string } = await response.json()
  if (response.ok) return { isOver: true, text: resultText(`${said.state ?? order} by ${person}`, said) }
  return { isOver: response.status === 409 || response.status === 404, text: said.error ?? `answer ${response.status}` }
}

function resultText(decided: string, said: { granted?: boolean | null; because?: string; state?: string }): string {
  if (said.granted === null) return `${decided}; the agent is not connected and gets the answer when it is back`
  return said.state === 'approved' && said.granted === false ? `${decided}, and yet denied: ${said.because}` : decided
}
