import type { Rule } from '../../rule.ts'
import { documentRule } from './document-rule.ts'

export const drivingLicence: Rule = documentRule({
  type: 'DRIVING_LICENCE',
  summary: 'Numbers of driving licences of all countries and states, behind words such as "driver license".',
  source: 'AAMVA DL/ID Card Design Standard: up to 25 characters; formats by state and country',
  length: [5, 20],
  digitsMin: 4,
  phrases:
    'driver license, drivers license, driver s license, driver licence, drivers licence, driver s licence, driving license, driving licence, driverslicense, driverlicense, drivinglicence, ' +
    'dln, dl number, dl no, dl, fuehrerschein, hrerschein, rijbewijs, rijbewijsnummer, permis conduire, permis de conduire, patente guida, patente di guida, licencia conducir, licencia de conducir, prawo jazdy, my license, cnh',
  examples: {
    matches: [
      'driver license: «D1234567»',
      "driver's license number is «S530-4601-2345»",
      '{"driversLicense":"«F255-921-50-094-0»"}',
      'My license is «13-22-123456-12»',
      'DL: «A1234567»',
      'Führerschein: «B072RRE2I55»',
    ],
    misses: ['D1234567', 'license: MIT', 'driver license is required', 'driver: v1.2.3'],
  },
})
