/**
 * Under which provider and name a model may stand in the table, the name as it came first. SDKs and gateways put more before a model than the
 * provider's price list does: `models/` (Gemini), `publishers/…/models/` (Vertex AI), `openai/` (LiteLLM, AI SDK), `:together` (Hugging Face).
 * What changes the price stays: `ft:` (a fine-tuned model is billed differently), `us.` (Bedrock's regions).
 */
export function namesOf(provider: string | undefined, model: string): (readonly [string | undefined, string])[] {
  const owner = provider === undefined || provider.trim() === '' ? undefined : provider.toLowerCase().trim()
  const name = model.toLowerCase().trim()
  const names: (readonly [string | undefined, string])[] = [[owner, name]]
  const path = /(?:^|\/publishers\/[^/]+\/|^publishers\/[^/]+\/)models\/([^/]+)$/.exec(name)?.[1]
  if (path !== undefined) names.push([owner, path])
  const [, vendor, rest] = /^([^/]+)\/([^/]+)$/.exec(name) ?? []
  if (vendor !== undefined && rest !== undefined && (owner === undefined || sameVendor(owner, vendor)))
    names.push([vendor, rest])
  const [, routed, host] = /^([^:]+\/[^:]+):([a-z][\w-]*)$/.exec(name) ?? []
  if (owner === 'huggingface' && routed !== undefined) names.push([`huggingface_${host}`, routed])
  return names
}

/** `gpt-5-20250807` → `gpt-5-2025-08-07`, as the table writes some dates. */
export function withDashedDate(model: string): string {
  return model.replace(
    /-(20\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)/g,
    (text, year: string, month: string, day: string) => {
      const daysOfMonth = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate()
      return Number(day) > daysOfMonth ? text : `-${year}-${month}-${day}`
    },
  )
}

/** The provider's own name before the model adds nothing: `openai` and `openai/gpt-4o`, `gcp.gemini` and `google/gemini-2.5-flash`. */
const sameVendor = (provider: string, vendor: string): boolean =>
  provider === vendor || (vendor === 'google' && provider.startsWith('gcp.'))
