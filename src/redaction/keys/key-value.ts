import type { RuleType } from '../rule.ts'
import * as kinds from './key-kind.ts'
import type { KeyKind } from './key-kind.ts'
import { valueShape } from './value-shape.ts'
import type { ValueShape } from './value-shape.ts'

/** Type of what a key of this kind holds. Undefined for kinds that hold nothing themselves. */
export const typeOfKind = (kind: KeyKind): RuleType | undefined => TYPES[kind]

const TYPES: readonly (RuleType | undefined)[] = typeTable({
  PERSON: [kinds.GIVEN_NAME, kinds.FAMILY_NAME, kinds.FULL_NAME, kinds.ANY_NAME, kinds.BARE_NAME, kinds.PERSON],
  ADDRESS: [kinds.ADDRESS_LINE, kinds.ADDRESS],
  LOCATION: [kinds.PLACE],
  POSTAL_CODE: [kinds.POSTAL_CODE],
  DATE_OF_BIRTH: [kinds.BIRTH_DATE],
  EMAIL: [kinds.EMAIL],
  PHONE: [kinds.PHONE],
  USER_ID: [kinds.USER_ID, kinds.USER_NAME],
  ACCOUNT_ID: [kinds.ACCOUNT_ID],
  PAYMENT_ID: [kinds.PAYMENT_ID],
  CARD_LAST4: [kinds.CARD_LAST4],
})

function typeTable(kindsOfType: Record<RuleType, readonly KeyKind[]>): (RuleType | undefined)[] {
  const table: (RuleType | undefined)[] = []
  for (const [type, all] of Object.entries(kindsOfType)) for (const kind of all) table[kind] = type
  return table
}

/** Whether bytes[from, to) can be what a key of this kind holds: not what schemas, settings and things have under the same key. */
export function isValueOf(kind: KeyKind, bytes: Uint8Array, from: number, to: number): boolean {
  const shape = valueShape(bytes, from, to)
  return shape !== undefined && (CHECKS[kind]?.(shape) ?? false)
}

/** `Mia Li`, `Dr. Ana de la Cruz`, `O'Brien`. */
const isNameLike = ({ digits, capitals, smalls, words, odd, ats, isStopped, isCompany }: ValueShape): boolean =>
  !isCompany && digits === 0 && odd === 0 && ats === 0 && smalls === 0 && capitals > 0 && words <= 6 && !isStopped

const isGivenName = ({ letters, words, odd, ats, capitals, digits, isStopped }: ValueShape): boolean =>
  letters > 0 && odd === 0 && ats === 0 && digits <= 2 && words <= (capitals > 0 ? 6 : 2) && !isStopped

const isAddressLine = ({ letters, digits, capitals, words, odd, ats, isStopped }: ValueShape): boolean =>
  letters + digits > 1 && odd <= 1 && ats === 0 && (digits > 0 || capitals > 0) && words <= 20 && !isStopped

const isId = ({ bytes, letters, digits, words, odd, isStopped }: ValueShape): boolean =>
  bytes >= 2 && bytes <= 128 && letters + digits > 1 && words <= 12 && odd <= 8 && !isStopped

const CHECKS: Record<KeyKind, (shape: ValueShape) => boolean> = {
  [kinds.GIVEN_NAME]: isGivenName,
  [kinds.FAMILY_NAME]: isGivenName,
  [kinds.FULL_NAME]: isGivenName,
  [kinds.ANY_NAME]: isNameLike,
  [kinds.BARE_NAME]: isNameLike,
  [kinds.PERSON]: (shape) => isNameLike(shape) && shape.words >= 2 && shape.commas <= 1,
  [kinds.ADDRESS_LINE]: isAddressLine,
  [kinds.ADDRESS]: (shape) =>
    isAddressLine(shape) && shape.words >= 2 && shape.capitals > 0 && shape.digits > 0 && shape.dots <= 3,
  [kinds.POSTAL_CODE]: ({ bytes, digits, odd, letters, words, dots }) =>
    bytes >= 3 && bytes <= 12 && digits >= 2 && odd === 0 && dots === 0 && letters <= 5 && words <= 3,
  [kinds.PLACE]: isNameLike,
  [kinds.BIRTH_DATE]: ({ bytes, digits, odd, ats }) => bytes <= 40 && digits >= 1 && odd <= 2 && ats === 0,
  [kinds.EMAIL]: ({ ats, dots, letters }) => ats > 0 && dots > 0 && letters > 1,
  [kinds.PHONE]: ({ bytes, digits, letters, ats }) =>
    bytes <= 40 && digits >= 6 && digits <= 17 && letters <= 4 && ats === 0,
  [kinds.USER_NAME]: isId,
  [kinds.USER_ID]: isId,
  [kinds.ACCOUNT_ID]: isId,
  [kinds.PAYMENT_ID]: isId,
  [kinds.CARD_LAST4]: ({ digits, letters }) => digits === 4 && letters <= 1,
}

/** How sure a match by a key of this kind is. */
export const confidenceOf = (kind: KeyKind): number =>
  kind === kinds.BARE_NAME || kind === kinds.ANY_NAME || kind === kinds.ADDRESS || kind === kinds.PERSON ? 0.8 : 0.95
