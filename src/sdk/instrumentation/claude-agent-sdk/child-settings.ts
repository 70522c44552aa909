import {
  GEN_AI_PROVIDER_NAME_VALUE_ANTHROPIC,
  GEN_AI_PROVIDER_NAME_VALUE_AWS_BEDROCK,
  GEN_AI_PROVIDER_NAME_VALUE_GCP_VERTEX_AI,
} from '../../../conventions.ts'
import { fieldsOf, isFields } from '../fields.ts'
import type { Fields } from '../fields.ts'

/** Whether Claude Code makes spans of its own calls: it takes both switches and an exporter. */
export function exportsTraces(settings: Fields): boolean {
  const env = environmentOf(settings)
  const exporter = env['OTEL_TRACES_EXPORTER']
  return (
    isOn(env['CLAUDE_CODE_ENABLE_TELEMETRY']) &&
    isOn(env['CLAUDE_CODE_ENHANCED_TELEMETRY_BETA']) &&
    typeof exporter === 'string' &&
    exporter !== '' &&
    exporter !== 'none'
  )
}

/** Whom Claude Code asks, as its environment says. */
export function providerOf(settings: Fields): string {
  const env = environmentOf(settings)
  if (isOn(env['CLAUDE_CODE_USE_BEDROCK'])) return GEN_AI_PROVIDER_NAME_VALUE_AWS_BEDROCK
  if (isOn(env['CLAUDE_CODE_USE_VERTEX'])) return GEN_AI_PROVIDER_NAME_VALUE_GCP_VERTEX_AI
  return GEN_AI_PROVIDER_NAME_VALUE_ANTHROPIC
}

/** What is given replaces that of this process. */
const environmentOf = ({ env }: Fields): Fields => (isFields(env) ? env : fieldsOf(process.env))

const isOn = (value: unknown): boolean => typeof value === 'string' && /^(1|true|yes|on)$/i.test(value)
