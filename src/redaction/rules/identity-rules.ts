import type { Rule } from '../rule.ts'
import { iccid, imei, imsi } from './device.ts'
import { aeEmiratesId } from './identity/ae-emirates-id.ts'
import { arCuit } from './identity/ar-cuit.ts'
import { atSvnr } from './identity/at-svnr.ts'
import { auAbn } from './identity/au-abn.ts'
import { auAcn } from './identity/au-acn.ts'
import { auMedicare } from './identity/au-medicare.ts'
import { auTfn } from './identity/au-tfn.ts'
import { beNationalNumber } from './identity/be-national-number.ts'
import { bgEgn } from './identity/bg-egn.ts'
import { brCnpj } from './identity/br-cnpj.ts'
import { brCpf } from './identity/br-cpf.ts'
import { brPis } from './identity/br-pis.ts'
import { caSin } from './identity/ca-sin.ts'
import { chAhv } from './identity/ch-ahv.ts'
import { clRut } from './identity/cl-rut.ts'
import { cnResidentId } from './identity/cn-resident-id.ts'
import { czRodneCislo } from './identity/cz-rodne-cislo.ts'
import { deHealthInsurance } from './identity/de-health-insurance.ts'
import { deIdCard } from './identity/de-id-card.ts'
import { deLanr } from './identity/de-lanr.ts'
import { deSocialSecurity } from './identity/de-social-security.ts'
import { deTaxId } from './identity/de-tax-id.ts'
import { dkCpr } from './identity/dk-cpr.ts'
import { drivingLicence } from './identity/driving-licence.ts'
import { ecCedula } from './identity/ec-cedula.ts'
import { eeIsikukood } from './identity/ee-isikukood.ts'
import { egNationalId } from './identity/eg-national-id.ts'
import { esNie } from './identity/es-nie.ts'
import { esNif } from './identity/es-nif.ts'
import { esNss } from './identity/es-nss.ts'
import { fiPersonalIdentityCode } from './identity/fi-personal-identity-code.ts'
import { frNir } from './identity/fr-nir.ts'
import { grAfm } from './identity/gr-afm.ts'
import { grAmka } from './identity/gr-amka.ts'
import { hkIdCard } from './identity/hk-id-card.ts'
import { hrOib } from './identity/hr-oib.ts'
import { huTaj } from './identity/hu-taj.ts'
import { huTaxId } from './identity/hu-tax-id.ts'
import { idNik } from './identity/id-nik.ts'
import { iePps } from './identity/ie-pps.ts'
import { ilId } from './identity/il-id.ts'
import { inAadhaar } from './identity/in-aadhaar.ts'
import { inGstin } from './identity/in-gstin.ts'
import { inPan } from './identity/in-pan.ts'
import { inVoter } from './identity/in-voter.ts'
import { irNationalCode } from './identity/ir-national-code.ts'
import { isKennitala } from './identity/is-kennitala.ts'
import { itFiscalCode } from './identity/it-fiscal-code.ts'
import { itVatCode } from './identity/it-vat-code.ts'
import { jpMyNumber } from './identity/jp-my-number.ts'
import { krBrn } from './identity/kr-brn.ts'
import { krRrn } from './identity/kr-rrn.ts'
import { kzIin } from './identity/kz-iin.ts'
import { lkNic } from './identity/lk-nic.ts'
import { luMatricule } from './identity/lu-matricule.ts'
import { lvPersonasKods } from './identity/lv-personas-kods.ts'
import { mxCurp } from './identity/mx-curp.ts'
import { mxRfc } from './identity/mx-rfc.ts'
import { myNric } from './identity/my-nric.ts'
import { nationalId } from './identity/national-id.ts'
import { ngNin } from './identity/ng-nin.ts'
import { nlBsn } from './identity/nl-bsn.ts'
import { noFodselsnummer } from './identity/no-fodselsnummer.ts'
import { nzIrd } from './identity/nz-ird.ts'
import { nzNhi } from './identity/nz-nhi.ts'
import { passport } from './identity/passport.ts'
import { pkCnic } from './identity/pk-cnic.ts'
import { plNip } from './identity/pl-nip.ts'
import { plPesel } from './identity/pl-pesel.ts'
import { ptNif } from './identity/pt-nif.ts'
import { roCnp } from './identity/ro-cnp.ts'
import { ruInn } from './identity/ru-inn.ts'
import { ruSnils } from './identity/ru-snils.ts'
import { saNationalId } from './identity/sa-national-id.ts'
import { seOrganisationsnummer } from './identity/se-organisationsnummer.ts'
import { sePersonnummer } from './identity/se-personnummer.ts'
import { sgNricFin } from './identity/sg-nric-fin.ts'
import { taxId } from './identity/tax-id.ts'
import { thTnin } from './identity/th-tnin.ts'
import { trNationalId } from './identity/tr-national-id.ts'
import { twNationalId } from './identity/tw-national-id.ts'
import { uaRnokpp } from './identity/ua-rnokpp.ts'
import { ukDrivingLicence } from './identity/uk-driving-licence.ts'
import { ukNhs } from './identity/uk-nhs.ts'
import { ukNino } from './identity/uk-nino.ts'
import { ukUtr } from './identity/uk-utr.ts'
import { usDea } from './identity/us-dea.ts'
import { usEin } from './identity/us-ein.ts'
import { usItin } from './identity/us-itin.ts'
import { usMbi } from './identity/us-mbi.ts'
import { usNpi } from './identity/us-npi.ts'
import { usSsn } from './identity/us-ssn.ts'
import { yuJmbg } from './identity/yu-jmbg.ts'
import { zaIdNumber } from './identity/za-id-number.ts'
import { healthInsuranceId, medicalRecord } from './medical.ts'
import { licencePlate, vin } from './vehicle.ts'

/** Ids of persons, their documents and devices. Of those that fit the same number, the ones with check digits stand first, what is found by its name alone last. */
export const identityRules: readonly Rule[] = [
  usSsn,
  usItin,
  aeEmiratesId,
  arCuit,
  atSvnr,
  auAbn,
  auAcn,
  auMedicare,
  auTfn,
  beNationalNumber,
  bgEgn,
  brCnpj,
  brCpf,
  brPis,
  caSin,
  chAhv,
  clRut,
  cnResidentId,
  czRodneCislo,
  deHealthInsurance,
  deLanr,
  deSocialSecurity,
  deTaxId,
  ecCedula,
  eeIsikukood,
  esNie,
  esNif,
  esNss,
  fiPersonalIdentityCode,
  frNir,
  grAfm,
  grAmka,
  hkIdCard,
  hrOib,
  huTaj,
  huTaxId,
  iePps,
  ilId,
  inAadhaar,
  inGstin,
  inPan,
  irNationalCode,
  isKennitala,
  itFiscalCode,
  itVatCode,
  jpMyNumber,
  krBrn,
  kzIin,
  luMatricule,
  lvPersonasKods,
  mxCurp,
  mxRfc,
  nlBsn,
  noFodselsnummer,
  nzIrd,
  plNip,
  plPesel,
  ptNif,
  roCnp,
  ruInn,
  ruSnils,
  saNationalId,
  seOrganisationsnummer,
  sePersonnummer,
  sgNricFin,
  thTnin,
  trNationalId,
  twNationalId,
  uaRnokpp,
  ukDrivingLicence,
  ukNhs,
  ukNino,
  ukUtr,
  usDea,
  usMbi,
  usNpi,
  yuJmbg,
  zaIdNumber,
  dkCpr,
  krRrn,
  inVoter,
  ngNin,
  idNik,
  pkCnic,
  egNationalId,
  myNric,
  nzNhi,
  usEin,
  deIdCard,
  lkNic,
  vin,
  imei,
  imsi,
  iccid,
  medicalRecord,
  healthInsuranceId,
  drivingLicence,
  passport,
  taxId,
  nationalId,
  licencePlate,
]
