/** The reason of a stop that a rule about loops has made: for people, and so that whoever is denied learns the rule. */
export const loopReason = (rule: string, detail = ''): string =>
  detail === '' ? `loop: ${rule}` : `loop: ${rule} (${detail})`

/** The rule, where the reason is one of ours. */
export const loopRuleIn = (reason: string): string | undefined => /^loop: ([a-z_]+)(?: \(.*\))?$/s.exec(reason)?.[1]
