import type { Rule } from '../../rule.ts'
import { documentRule } from './document-rule.ts'

export const passport: Rule = documentRule({
  type: 'PASSPORT',
  summary: 'Passport numbers of all countries, behind a word such as "passport".',
  source: 'ICAO Doc 9303-4: document number of up to nine characters',
  length: [6, 12],
  digitsMin: 4,
  phrases:
    'passport, travel document, visa *number, visa *no, passportno, passportnr, passportnumber, passportid, pasaporte, passeport, passaporto, passaporte, paspoort, paszport, paspoortnummer, pasaport, pasport',
  examples: {
    matches: [
      'passport number: «912803456»',
      '{"passport_number":"«Z12803456»"}',
      '{"passportNo":"«XY9876543»"}',
      'Her passport is «M123A4567»',
      'passport no. «AA1234567»',
      'pasaporte: «XYZ987654»',
    ],
    misses: [
      '912803456',
      'passport: required',
      '{"passport":"js@0.7.0"}',
      'passport: 2026-11-21',
      'passport photo 35x45',
    ],
  },
})
