import { IN_LABEL } from '../keyed-value.ts'
import type { Rule, RuleType } from '../rule.ts'
import type { Subject } from '../subject.ts'
import { TRIGGER_TOKEN, TRIGGER_WORD } from '../triggers.ts'
import { KeyShapeIndex } from './key-shape-index.ts'
import { exampleOfShape, parseKeyShape } from './key-shape.ts'
import type { KeyShape } from './key-shape.ts'

/**
 * Keys that their form gives away. One line for each type: whose they are, and their forms (key-shape.ts); a new vendor is a new form. Forms with a length
 * and no `+` are those that would be too plain without it.
 */
const vendors: readonly (readonly [type: RuleType, vendor: string, forms: string])[] = [
  ['ADOBE_KEY', 'Adobe', 'p8e-{a32+}'],
  ['AGE_KEY', 'age', 'AGE-SECRET-KEY-1{u58}'],
  ['AIRTABLE_TOKEN', 'Airtable', 'pat{a14}.{x64}'],
  ['ALIBABA_KEY', 'Alibaba Cloud', 'LTAI{a16-26}'],
  ['ATLASSIAN_TOKEN', 'Atlassian', 'ATATT3{e60+} ATCTT3{e60+} ATBB{a32+}'],
  [
    'AUTHRESS_KEY',
    'Authress',
    'sc_{a5-30}.{a4-6}.acc{w10-40}.{m30+} ext_{a5-30}.{a4-6}.acc{w10-40}.{m30+} ' +
      'scauth_{a5-30}.{a4-6}.acc{w10-40}.{m30+} authress_{a5-30}.{a4-6}.acc{w10-40}.{m30+}',
  ],
  ['AWS_BEDROCK_KEY', 'Amazon Bedrock', 'ABSK{b60+} bedrock-api-key-{b20+}'],
  ['AWS_ACCESS_KEY', 'AWS (ids of access keys)', 'AKIA{u16} ASIA{u16} ABIA{u16} ACCA{u16} A3T{u17}'],
  ['AZURE_SECRET', 'Microsoft Entra ID', '{t3}{d1}Q~{t31-34}'],
  ['CLOUDFLARE_KEY', 'Cloudflare', 'v1.0-{x24}-{x146}'],
  ['DATABRICKS_TOKEN', 'Databricks', 'dapi{x32}-{d1} dapi{x32}'],
  ['DIGITALOCEAN_TOKEN', 'DigitalOcean', '~dop_v1_{x64} ~doo_v1_{x64} ~dor_v1_{x64}'],
  ['DISCORD_TOKEN', 'Discord bots', '?M{a23-27}.{w6}.{w27-40} ?N{a23-27}.{w6}.{w27-40} ?O{a23-27}.{w6}.{w27-40}'],
  ['DOCKER_TOKEN', 'Docker Hub', 'dckr_pat_{w20+} dckr_oat_{w20+}'],
  ['DOPPLER_TOKEN', 'Doppler', 'dp.pt.{a40+} dp.st.{e40+} dp.ct.{a40+} dp.sa.{a40+} dp.scim.{a40+} dp.audit.{a40+}'],
  ['DROPBOX_TOKEN', 'Dropbox', 'sl.{e100+}'],
  ['DYNATRACE_TOKEN', 'Dynatrace', '~dt0c01.{a24}.{a64} ~dt0s01.{a24}.{a64} ~dt0s16.{a24}.{a64}'],
  ['FACEBOOK_TOKEN', 'Facebook', '?EAAM{a80+} ?EAAC{a80+} ?EAA{a120+} ~{d15-16}|{w27-40} ~{d15-16}%{w27-40}'],
  ['FLYIO_TOKEN', 'Fly.io', 'fo1_{w40+} fm1a_{b80+} fm1r_{b80+} fm2_{b80+}'],
  ['GITHUB_TOKEN', 'GitHub', 'ghp_{a22+} gho_{a22+} ghu_{a22+} ghs_{a22+} ghr_{a22+} github_pat_{w22+}'],
  [
    'GITLAB_TOKEN',
    'GitLab',
    'glpat-{w27+}.{a9} glpat-{w20+} glptt-{x40+} gldt-{w20+} glrt-t{d1}_{w27+}.{a9} glrt-{w20+} glcbt-{w20+} glffct-{w20+} ' +
      'glft-{w20+} glimt-{w25+} glagent-{w40+} gloas-{w40+} glsoat-{w20+} glwt-{w20+} GR1348941{w20+} _gitlab_session={a32}',
  ],
  ['GOOGLE_API_KEY', 'Google', 'AIza{w35-41}'],
  ['GOOGLE_OAUTH_TOKEN', 'Google OAuth', 'GOCSPX-{w28} ya29.{w40+}'],
  ['GRAFANA_TOKEN', 'Grafana', '~glc_{b32+} ~glsa_{a32}_{x8} ~eyJrIjoi{b70+}'],
  ['HEROKU_KEY', 'Heroku', 'HRKU-{w36+}'],
  ['HUGGINGFACE_TOKEN', 'Hugging Face', 'hf_{a34+} api_org_{a34+}'],
  ['JFROG_TOKEN', 'JFrog', 'AKCp{a69} cmVmd{a59}'],
  ['LANGSMITH_KEY', 'LangSmith', 'lsv2_pt_{x32}_{x10} lsv2_sk_{x32}_{x10} ls__{a32+}'],
  ['LINEAR_KEY', 'Linear', 'lin_api_{a40+} lin_oauth_{a40+}'],
  ['MAPBOX_TOKEN', 'Mapbox', '~sk.eyJ{w60+}.{w22} ~pk.{a60+}.{a22}'],
  ['NEWRELIC_KEY', 'New Relic', '~NRAK-{a27} ~NRII-{w32} ~NRJS-{x19} ~NRIQ-{w32}'],
  ['NOTION_TOKEN', 'Notion', 'ntn_{a40+} secret_{a43}'],
  ['NPM_TOKEN', 'npm', '~npm_{a36+}'],
  ['ONEPASSWORD_KEY', '1Password', 'ops_eyJ{b100+} A3-{u6}-{u11}-{u5}-{u5}-{u5} A3-{u6}-{u6}-{u5}-{u5}-{u5}-{u5}'],
  ['OPENSHIFT_TOKEN', 'OpenShift', 'sha256~{w43}'],
  ['PLANETSCALE_KEY', 'PlanetScale', '~pscale_tkn_{e32+} ~pscale_oauth_{e32+} ~pscale_pw_{e32+}'],
  ['POSTMAN_KEY', 'Postman', 'PMAK-{x24}-{x34}'],
  ['PYPI_TOKEN', 'PyPI', 'pypi-AgE{w50+}'],
  ['RUBYGEMS_KEY', 'RubyGems', 'rubygems_{x48}'],
  ['SENDGRID_KEY', 'SendGrid', 'SG.{e60+}'],
  ['SENTRY_TOKEN', 'Sentry', 'sntrys_eyJ{b60+}_{b43} sntrys_eyJ{b60+} sntryu_{x64}'],
  ['SHOPIFY_TOKEN', 'Shopify', 'shpat_{x32} shpca_{x32} shppa_{x32} shpss_{x32}'],
  [
    'SLACK_TOKEN',
    'Slack',
    '~xoxe.xoxb-{d1}-{w60+} ~xoxe.xoxp-{d1}-{w60+} ~xoxb-{d6+}-{w10+} ~xoxp-{d1+}-{w10+} ~xoxe-{d1+}-{w10+} ~xoxs-{d1+}-{w10+} ' +
      '~xoxo-{d1+}-{w10+} ?~xoxa-{w11+} ?~xoxr-{w11+} ~xapp-{d1}-{w9+}',
  ],
  ['SQUARE_TOKEN', 'Square', 'sq0atp-{w22+} sq0csp-{w40+} ?EAAA{w22-64}'],
  [
    'STRIPE_KEY',
    'Stripe (secret and restricted)',
    'sk_live_{a10+} sk_test_{a10+} sk_prod_{a10+} rk_live_{a10+} rk_test_{a10+} rk_prod_{a10+}',
  ],
  ['SUPABASE_KEY', 'Supabase', 'sbp_{x40} sb_secret_{w20+}'],
  ['TELEGRAM_TOKEN', 'Telegram bots', '{d5-16}:A{w34}'],
  ['TERRAFORM_TOKEN', 'HCP Terraform', '{a14}.atlasv1.{e60+}'],
  ['TWILIO_KEY', 'Twilio', 'SK{x32}'],
  ['VAULT_TOKEN', 'HashiCorp Vault', 'hvs.{w24+} hvb.{w90+} hvr.{w24+}'],
  ['YANDEX_KEY', 'Yandex Cloud', '~AQVN{w35-40} ~t1.{w10+}.{w86} ?~YC{w38}'],
  [
    'API_KEY',
    'other vendors',
    'API-{u26} 4b1d{a38} CCIPAT_{w40+} CFPAT-{w43} FLWSECK-{x32}-X ~FLWSECK_TEST-{a12+}-X ~FLWSECK_TEST-{a12} ~FLWPUBK_TEST-{a32}-X ' +
      '~CLOJARS_{a60} ~EZAK{a54} ~EZTK{a54} AVNS_{w16+} ~b_{e44} ~dnkey-{w26}-{w52} ~duffel_live_{e43} ~duffel_test_{e43} ' +
      '~fio-u-{e64} ~live_{x35} ~test_{x35} ~live_pub_{x31} ~test_pub_{x31} ~key-{x32} ~pubkey-{x32} ' +
      '~access-sandbox-{x8}-{x4}-{x4}-{x4}-{x12} ~access-development-{x8}-{x4}-{x4}-{x4}-{x12} ' +
      '~access-production-{x8}-{x4}-{x4}-{x4}-{x12} ~tfp_{e40+} ~xkeysib-{x64}-{a16} ~xsmtpsib-{x64}-{a16} ~sgp_local_{x40} ' +
      '~sgp_{x16}_{x40} ~sgp_{x40} ~squ_{x40} ~sqp_{x40} ~sqa_{x40} bkua_{x40} csk-{a40+} e2b_{x40} fc-{x32} figd_{w40} gsk_{a40+} ' +
      'ico-{a32} jina_{w50+} llx-{a40+} nvapi-{w60+} pcsk_{w60+} pnu_{a36} pplx-{a40+} pul-{x40} r8_{a37} rdme_{a70} rzp_live_{a14} ' +
      's-s4t2ud-{x64} s-s4t2af-{x64} shippo_live_{x40} shippo_test_{x40} sm_aat_{a16} sm_pat_{a16} sm_sat_{a16} tk-us-{w48} ' +
      'tskey-auth-{w20+} tskey-api-{w20+} tvly-{a30+} tvly-dev-{a30+} whsec_{b24+} xai-{a60+} pat-na1-{x8}-{x4}-{x4}-{x4}-{x12} ' +
      'pat-eu1-{x8}-{x4}-{x4}-{x4}-{x12} pat.{w22}.{a24}.{a20} sat.{w22}.{a24}.{a20} sk-lf-{x8}-{x4}-{x4}-{x4}-{x12} re_{a8}_{a24} {a6}_{a29}_mmk',
  ],
]

const shapesOf = (type: RuleType, forms: string): KeyShape[] =>
  forms.split(' ').map((form) => parseKeyShape(type, form))
/** Forms of other rules' types that are told by their first two bytes as well: a JSON web token in capitals. */
const furtherForms: readonly (readonly [type: RuleType, forms: string])[] = [['JWT', '~eyJ{w10+}.eyJ{w10+}.{w16+}']]

const index = new KeyShapeIndex([
  ...vendors.flatMap(([type, , forms]) => shapesOf(type, forms)),
  ...furtherForms.flatMap(([type, forms]) => shapesOf(type, forms)),
])

const FORMS_SHOWN = 6

/** One rule for each type; they share one `find`. */
export const vendorKeys: readonly Rule[] = vendors.map(([type, vendor, forms]) => ({
  type,
  family: 'secrets',
  summary: `Keys and tokens of ${vendor}: ${listOf(forms)}.`,
  source: 'learnt from the rules of gitleaks (MIT licence) and the documentation of the vendors',
  triggers: [TRIGGER_TOKEN, TRIGGER_WORD],
  words: index.wordsOf(type),
  pairs: index.pairsOf(type),
  confidence: 0.95,
  find: findVendorKey,
  examples: {
    matches: shapesOf(type, forms).map((shape) => `(«${exampleOfShape(shape)}»)`),
    misses: shapesOf(type, forms).map(({ prefix }) => `(${prefix}short)`),
  },
}))

/** What the forms begin with. */
function listOf(forms: string): string {
  const beginnings = forms.split(' ').map((form) => {
    const [first = '', ...rest] = form.replace(/^[~?]+/, '').split(/\{[^}]*\}/)
    return first === '' ? `…${rest.find((literal) => literal !== '') ?? ''}…` : `${first}…`
  })
  const shown = [...new Set(beginnings)]
  const more = shown.length > FORMS_SHOWN ? ` and ${shown.length - FORMS_SHOWN} more` : ''
  return (
    shown
      .slice(0, FORMS_SHOWN)
      .map((text) => `\`${text}\``)
      .join(', ') + more
  )
}

function findVendorKey(subject: Subject, at: number, trigger: number): boolean {
  if (at === IN_LABEL) return false
  return trigger === TRIGGER_WORD ? index.findAtWord(subject) : index.findInRun(subject, at)
}
