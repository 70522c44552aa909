import { validateHeaderName, validateHeaderValue } from 'node:http'
import * as z from 'zod'

/** Headers that every request carries: `authorization` and the like. Checked as the platform does, so that no request can fail on them. */
export const headersConfig = z
  .record(z.string(), z.string())
  .default({})
  .superRefine((headers, context) => {
    for (const [name, value] of Object.entries(headers)) {
      try {
        validateHeaderName(name)
        validateHeaderValue(name, value)
      } catch {
        // The value may be a secret: only the name is said.
        context.addIssue({
          code: 'custom',
          path: [name],
          message: `"${name}" is not a valid header, or its value is not`,
        })
      }
    }
  })
  .transform((headers) => Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== '')))
  .describe('Headers of every request, for example `authorization`; one with an empty value is left out.')
