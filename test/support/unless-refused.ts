import { OtlpError } from '../../src/otlp/otlp-error.ts'

/** What the work gives, or the OtlpError that it throws; any other error is a defect and stays one. */
export function unlessRefused<T>(work: () => T): T | OtlpError {
  try {
    return work()
  } catch (error) {
    if (error instanceof OtlpError) return error
    throw error
  }
}
