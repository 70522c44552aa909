import type { Rule } from '../../rule.ts'
import { isMod11And10 } from './check-digits.ts'
import { identityRule } from './identity-rule.ts'

export const deTaxId: Rule = identityRule({
  type: 'DE_TAX_ID',
  summary: 'German tax ids: eleven digits, check digit by ISO 7064 MOD 11,10, behind a word such as "Steuer-ID".',
  source: 'Bundeszentralamt für Steuern: Steuerliche Identifikationsnummer, § 139b AO',
  forms: '99999999999',
  isValid: (id) => id.digit(0) > 0 && isMod11And10(id),
  phrases:
    'steuer, steuerid, idnr, steueridnr, identifikationsnummer, steuernummer, stid, tin, *tax id, taxid, *tax number',
  named: 'steuerid, steuer id, steueridnr, identifikationsnummer',
  examples: {
    matches: ['Meine Steuer-ID: «86095742719».', 'IdNr «86 095 742 719»', '{"steuerId":"«36574261809»"}'],
    misses: ['86095742719', 'Steuer-ID 86095742718'],
  },
})
