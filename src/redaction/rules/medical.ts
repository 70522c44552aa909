import type { Rule } from '../rule.ts'
import { documentRule } from './identity/document-rule.ts'

export const medicalRecord: Rule = documentRule({
  type: 'MEDICAL_RECORD',
  summary: 'Medical record and patient numbers, behind words such as "MRN" or "patient ID".',
  source: 'HIPAA Privacy Rule, 45 CFR 164.514(b)(2)(i)(H)',
  length: [4, 16],
  digitsMin: 4,
  phrases:
    'mrn, medical record, medical records, med rec, medical file, medicalrecord, medicalrecordnumber, *patient id, *patient number, *patient no, patientid, patientnumber, *patient identifier, *chart number, patientennummer, fallnummer, hospital number',
  examples: {
    matches: [
      'MRN: «00123456»',
      '{"medical_record_number":"«MRN-448812»"}',
      '{"patientId":"«P0093821»"}',
      'patient ID is «77-12-345»',
      'see «MRN-780498»',
    ],
    misses: ['00123456', 'mrn lookup', '{"patientId":"patient-zero"}', 'patient number one'],
  },
})

export const healthInsuranceId: Rule = documentRule({
  type: 'HEALTH_INSURANCE_ID',
  summary: 'Member, subscriber and policy numbers of insurances, behind words such as "member ID" or "policy number".',
  source: 'HIPAA Privacy Rule, 45 CFR 164.514(b)(2)(i)(I)',
  length: [6, 20],
  digitsMin: 5,
  phrases:
    'insurance id, insurance number, insurance policy, insuranceid, insurancenumber, insurance member, *insurance card, *member id, *subscriber id, subscriberid, memberid, *policy number, *policy no, policynumber, *beneficiary number, *health card, healthcard, ohip, *health plan',
  examples: {
    matches: [
      'member ID: «XYZ123456789»',
      '{"insurance_policy_number":"«POL-88213345»"}',
      '{"subscriberId":"«W2034567890»"}',
      'policy number «8821334501»',
      'Health card: «1234-567-890-AB»',
    ],
    misses: ['XYZ123456789', 'insurance number one', '{"memberId":"alice"}'],
  },
})
