import { readFromAgent } from './from-agent.ts'
import type { Ask, Tell } from './guard-messages.ts'
import type { Answer } from './guard-messages.ts'
import { ProtocolError } from './message-fields.ts'

/** What the sidecar would say against it. */
export function messageProblem(message: Ask | Tell): string | undefined {
  try {
    readFromAgent(message)
    return undefined
  } catch (error) {
    return error instanceof ProtocolError ? error.message : 'it is no message of the protocol'
  }
}

/** A cause of ours that the asking side is answered with. */
export const unavailable = (id: string, message: string): Answer => ({
  type: 'answer',
  id,
  isGranted: false,
  code: 'GUARD_UNAVAILABLE',
  message,
})
