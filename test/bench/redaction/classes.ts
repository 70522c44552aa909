import { rules } from '../../../src/redaction/rules.ts'

/**
 * What is compared: labels of data sets and types of rules mean the same thing by different names. A finding counts for a label when both are of one
 * class; classes that a data set does not label are counted apart, as they may well be right.
 */
export const classOfLabel = (label: string): string => LABELS.get(label) ?? label

export const classOfRule = (type: string): string =>
  (secretTypes.has(type) ? 'SECRET' : undefined) ?? TYPES.get(type) ?? type

const table = (lines: readonly string[]): ReadonlyMap<string, string> =>
  new Map(
    lines.flatMap((line) => {
      const [name = '', members = ''] = line.split(': ')
      return members.split(' ').map((member) => [member, name] as const)
    }),
  )

const LABELS = table([
  'SECRET: JWT PRIVATE_KEY URL_CRED PASSWORD',
  'EMAIL: EMAIL_ADDRESS',
  'IBAN: IBAN_CODE',
  'IP: IP_ADDRESS',
  'ORG: ORGANIZATION',
  'PASSPORT: PASSPORT_NUM',
  'BANK_ACCOUNT: BANK_ACCOUNT_NUM US_BANK_NUMBER ACCOUNT',
  'ABA_ROUTING: ROUTING_NUMBER ABA_ROUTING_NUMBER',
  'USER_ID: USERID',
  'MRN: PATIENT_ID',
])

/** Rules are named by several hands: each class lists what it takes. Types of the family `secrets` are SECRET without being listed. */
const TYPES = table([
  'IP: IP_ADDRESS IPV4 IPV6',
  'MAC: MAC_ADDRESS',
  'PERSON: PERSON PERSON_NAME NAME',
  'ADDRESS: ADDRESS STREET_ADDRESS POSTAL_ADDRESS',
  'ZIP: ZIP ZIP_CODE POSTAL_CODE POSTCODE UK_POSTCODE',
  'DOB: DOB BIRTH_DATE DATE_OF_BIRTH',
  'PHONE: PHONE PHONE_NUMBER',
  'CARD_LAST4: CARD_LAST4 CARD_LAST_FOUR',
  'PAYMENT_ID: PAYMENT_ID PAYMENT_METHOD_ID',
  'USER_ID: USER_ID ACCOUNT_ID CUSTOMER_ID USERNAME USER_NAME',
  'MRN: MRN MEDICAL_RECORD MEDICAL_RECORD_NUMBER',
  'NPI: NPI US_NPI',
  'ABA_ROUTING: ABA ABA_ROUTING US_ABA_ROUTING ROUTING_NUMBER US_ROUTING',
  'BANK_ACCOUNT: BANK_ACCOUNT ACCOUNT_NUMBER US_BANK_ACCOUNT',
  'DRIVER_LICENSE: DRIVING_LICENCE UK_DRIVING_LICENCE',
  'INSURANCE_ID: HEALTH_INSURANCE_ID DE_HEALTH_INSURANCE',
  'TAX_ID: TAX_ID US_EIN',
  'US_SSN: US_SSN',
])

const secretTypes: ReadonlySet<string> = new Set(
  rules.filter(({ family }) => family === 'secrets').map(({ type }) => type),
)
