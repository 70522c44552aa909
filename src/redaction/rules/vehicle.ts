import type { Rule } from '../rule.ts'
import { base36 } from './identity/check-digits.ts'
import { documentRule } from './identity/document-rule.ts'
import { identityRule } from './identity/identity-rule.ts'
import type { WrittenId } from './identity/written-id.ts'

export const vin: Rule = identityRule({
  type: 'VIN',
  summary:
    'Vehicle identification numbers: seventeen characters; without a word before them only with the check digit of North America.',
  source: 'ISO 3779; 49 CFR 565.15 (check digit)',
  forms: 'XXXXXXXXXXXXXXXXX',
  bare: 'XXXXXXXXXXXXX9999',
  isValid: (id) => hasVinCharacters(id),
  isValidBare: (id) => countLetters(id) >= 3 && hasCheckDigit(id),
  phrases: 'vin, chassis, chassis number, *vehicle identification, fahrgestellnummer, fin, identifikationsnummer',
  examples: {
    matches: ['VIN: «1M8GDM9AXKP042788»', '«1M8GDM9AXKP042788»', 'Fahrgestellnummer «WVWZZZ1JZXW000001»'],
    misses: ['1M8GDM9A1KP042788', 'WVWZZZ1JZXW000001', 'VIN 1O8GDM9AXKP042788', 'a2b4c6d8e0f2a4b6c'],
  },
})

export const licencePlate: Rule = documentRule({
  type: 'LICENCE_PLATE',
  summary: 'Number plates of vehicles, behind words such as "license plate".',
  length: [4, 10],
  digitsMin: 1,
  blanksMax: 2,
  phrases:
    'license plate, licence plate, licenseplate, licenceplate, number plate, numberplate, plate, plate number, platenumber, *vehicle registration, *registration number, *registration plate, vehicleregistration, kennzeichen, kfz kennzeichen, nummernschild, plaka, matricula, targa, plaque immatriculation, immatriculation, kenteken, placa',
  confidence: 0.6,
  examples: {
    matches: [
      'license plate: «AB51 ABC»',
      '{"license_plate":"«34 ABC 1234»"}',
      'plaka: «34 ABC 1234»',
      'Kennzeichen: «B-MW 1234»',
      '{"vehicleRegistration":"«KA99ME3456»"}',
      'number plate is «LN14-HGT»',
    ],
    misses: ['AB51 ABC', 'plate: steel', 'license plate required', 'a plate of 12 oysters'],
  },
})

const hasVinCharacters = (id: WrittenId): boolean => {
  let digits = 0
  for (let i = 0; i < id.length; i++) {
    if (id.isDigit(i)) digits++
    else if ('IOQ'.includes(id.letter(i))) return false
  }
  return digits >= 3 && digits < 17
}

const countLetters = (id: WrittenId): number => {
  let letters = 0
  for (let i = 0; i < id.length; i++) if (!id.isDigit(i)) letters++
  return letters
}

/** A to Z as digits. */
const VALUES = [1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 2, 3, 4, 5, 0, 7, 0, 9, 2, 3, 4, 5, 6, 7, 8, 9]
const WEIGHTS = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2]

function hasCheckDigit(id: WrittenId): boolean {
  let sum = 0
  for (let i = 0; i < WEIGHTS.length; i++) {
    const value = id.isDigit(i) ? id.digit(i) : (VALUES[base36(id, i) - 10] as number)
    sum += value * (WEIGHTS[i] as number)
  }
  return id.letter(8) === '0123456789X'.charAt(sum % 11)
}
