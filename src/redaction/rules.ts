import type { Rule, RuleType } from './rule.ts'
import { abaRouting, bankAccount, bic } from './rules/bank-account.ts'
import { cardCvv, cardExpiry } from './rules/card-details.ts'
import { bearerToken, jwt, privateKey } from './rules/credentials.ts'
import { cryptoAddress, cryptoPrivateKey, seedPhrase } from './rules/crypto.ts'
import { email } from './rules/email.ts'
import { identityRules } from './rules/identity-rules.ts'
import { geoCoordinates } from './rules/location.ts'
import { ipAddress, macAddress } from './rules/network.ts'
import { iban } from './rules/iban.ts'
import { creditCard } from './rules/payment-card.ts'
import { personalRules } from './rules/personal.ts'
import { phone } from './rules/phone.ts'
import { anthropicKey, openaiKey } from './rules/secrets.ts'
import { basicAuth, cookie } from './rules/http-credentials.ts'
import { awsSecretKey, keyedSecret, password, pin } from './rules/keyed-secret.ts'
import { vendorKeys } from './rules/vendor-keys.ts'
import { webhookUrl } from './rules/webhook-url.ts'
import { url, urlCredentials } from './rules/url.ts'

/** All rules. Where two find the same bytes, the one further up names them. A new rule is an entry in its family's file and a line here. */
export const rules: readonly Rule[] = [
  privateKey,
  anthropicKey,
  openaiKey,
  ...vendorKeys,
  awsSecretKey,
  jwt,
  bearerToken,
  basicAuth,
  cookie,
  webhookUrl,
  keyedSecret,
  password,
  pin,
  urlCredentials,
  creditCard,
  iban,
  abaRouting,
  bic,
  cardCvv,
  cardExpiry,
  cryptoPrivateKey,
  seedPhrase,
  cryptoAddress,
  ...identityRules,
  email,
  phone,
  ipAddress,
  macAddress,
  geoCoordinates,
  bankAccount,
  url,
  ...personalRules,
]

export const ruleTypes: readonly RuleType[] = rules.map(({ type }) => type)
