import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import * as z from 'zod'

/** Folder of the rules, with its files' tests beside them. */
export const rulesFolder = fileURLToPath(new URL('../../collector-config/prometheus/', import.meta.url))

const alert = z.strictObject({
  alert: z.string(),
  expr: z.string(),
  for: z.string().optional(),
  labels: z.strictObject({ severity: z.enum(['page', 'ticket', 'none']) }),
  annotations: z.record(z.string(), z.string()),
})
const record = z.strictObject({ record: z.string(), expr: z.string() })
const file = z.strictObject({
  groups: z.array(
    z.strictObject({ name: z.string(), interval: z.string().optional(), rules: z.array(z.union([alert, record])) }),
  ),
})

export type Alert = z.output<typeof alert>

const rules = file.parse(parse(readFileSync(`${rulesFolder}rules.yml`, 'utf8'))).groups.flatMap((group) => group.rules)

export const alerts: readonly Alert[] = rules.filter((rule) => 'alert' in rule)
export const records: readonly z.output<typeof record>[] = rules.filter((rule) => 'record' in rule)
