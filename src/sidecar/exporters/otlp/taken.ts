import type { ExportResponse } from '../../../otlp/export-response.ts'
import type { Sent } from '../../component.ts'

/** The outcome of a request that a backend took, with what it said about it, if anything. */
export function taken(response: ExportResponse | undefined): Sent {
  if (response === undefined || (response.rejectedItems === 0 && response.message === '')) return { outcome: 'sent' }
  return { outcome: 'sent', ...response }
}
