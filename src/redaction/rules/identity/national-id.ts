import type { Rule } from '../../rule.ts'
import { documentRule } from './document-rule.ts'

export const nationalId: Rule = documentRule({
  type: 'NATIONAL_ID',
  summary:
    'Identity numbers and cards of countries without a rule of their own, behind words such as "national ID"; also what stands for one of those with a rule and has not its form.',
  length: [6, 20],
  digitsMin: 5,
  phrases:
    '*national id, *national identity, *national identification, nationalid, nationalidnumber, *citizen id, *personal id, id *card, *voter id, voterid, *civil id, *identity card, *identity document, identitycard, ' +
    '*identity number, *government id, *personal identification number, dni, nid, cccd, cmnd, carta identita, carta d identita, carte d identite, carte nationale d identite, cni, documento identidad, documento de identidad, cedula, ' +
    'ssn, social security number, socialsecuritynumber, itin, aadhaar, aadhar, adhaar, aadhaarnumber, pan *card, *permanent account, national insurance, nino, bsn, burgerservicenummer, pesel, cpf, cuit, cuil, curp, codice fiscale, codicefiscale, personnummer, hetu, tckn, kimlik, nric, mykad, hkid, cnic, iqama, emirates id, teudat zehut, steuerid, steuer id, philsys, umid, ghana card, *huduma number',
  examples: {
    matches: [
      'national ID: «29384756102»',
      '{"national_id":"«AB-123456-C»"}',
      '{"identityCard":"«AA12345AA»"}',
      'CCCD: «001099012345»',
    ],
    misses: ['29384756102', 'national identity', '{"national_id":null}', 'national index 123456789012345678901234'],
  },
})
