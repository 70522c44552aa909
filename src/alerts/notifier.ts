import type { AlertMessage } from './alert-message.ts'

/** Somebody who is told of alerts. */
export interface Notifier {
  /** Tells notifiers apart over restarts. */
  readonly name: string
  /** Resolves when it was taken. Rejects with what went wrong, without a URL, a header or a text of the other side; with RefusedMessageError when that is about this message alone. */
  notify(message: AlertMessage): Promise<void>
}
