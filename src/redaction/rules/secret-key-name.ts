import type { KeyedValue } from '../keyed-value.ts'

/** What the name of a key says of its value. */
export type SecretKind =
  | 'secret' // what stands there is a key or token
  | 'maybe' // it is one if it looks as no other thing would
  | 'password'
  | 'pin'
  | 'parameter' // of a URL or a cookie: only behind `=`
  | 'none'

/** The words that name a secret, and what they stand for where nothing around them says otherwise. */
const KIND_OF = new Map<string, SecretKind>()
const name = (kind: SecretKind, words: string): void => {
  for (const word of words.split(' ')) KIND_OF.set(word, kind)
}
name(
  'secret',
  'secret token apikey apitoken accesskey secretkey privatekey authkey accountkey sharedaccesskey credential credentials cred creds jwt pat oauth dsn ' +
    'webhook bearer clientsecret authtoken accesstoken refreshtoken idtoken bottoken authorization',
)
name('maybe', 'key auth authentication sas')
name(
  'password',
  'password passwd pwd pass passphrase passcode pw passwort kennwort contrasena clave passe motdepasse senha wachtwoord parola haslo losenord heslo jelszo',
)
name('pin', 'pin otp code')
name('parameter', 'sig signature phpsessid jsessionid aspsessionid sessionid sessid sid session')

/** The kind, unless the words around it say otherwise. */
export const kindOfWord = (word: string): SecretKind => KIND_OF.get(word) ?? 'none'

/** Words (TRIGGER_WORD) behind which a value of these kinds may stand. */
export const wordsOf = (...kinds: readonly SecretKind[]): readonly string[] =>
  [...KIND_OF].filter(([, kind]) => kinds.includes(kind)).map(([word]) => word)

const set = (words: string): ReadonlySet<string> => new Set(words.split(' '))

/** Behind the word: the value is something about the secret, not the secret. */
const OTHER_TAILS = set(
  'count counts length len limit max min size type types id ids name names url uri endpoint path file files filename dir field fields header headers index ' +
    'offset position pos expiry expires expiration expire exp ttl hash hashes fingerprint checksum digest version algorithm alg algo prefix suffix usage budget ' +
    'price cost rate ref reference label labels policy status state kind format pattern regex schema hint placeholder description desc error message provider ' +
    'store manager service required enabled disabled valid validator rule rules strength reset forgot change updated created at date time timestamp age by from for ' +
    'in source scope scopes method mode level role roles user username email host port domain region vault resolver factory handler helper function callback ' +
    'class object list map set array string buffer stream reader writer parser generator pair pairs ring chain board stroke stone word words down up press code event ' +
    'frame frames point points space arn row column col order group groups bytes bits identifier request response param params query option options config settings spec ts tsx js jsx mjs cjs json py go rs rb java kt swift c h cpp cs php sh sql md txt yml yaml toml xml html css',
)
/** Right before `token`: one of text, or a place in a list. */
const OTHER_TOKENS = set(
  'page paging pagination next prev previous continuation continue cursor sync max min num total prompt completion input output cached reasoning special mask pad eos bos unk sep ' +
    'cls idempotency generated text first last nth current unknown end start stop delta resume skip',
)
/** Right before `key`: one of a table, a keyboard, a piece of music. */
const OTHER_KEYS = set(
  'public pub primary foreign partition sort range hash object row map cache dedupe dedup routing translation message i18n locale lookup group order unique composite natural ' +
    'surrogate index join s3 storage state query column field property prop item entry data dict event hot arrow enter first last nth current answer musical turn low high major minor ' +
    'left right stop start end resume bearing idempotency page next cursor sync same other only each every',
)
/** Before `key`: it is a secret one. */
const SECRET_HEADS = set(
  'api app application access secret private auth encryption encrypt decryption encrypted signing sign master account shared service ssh client server admin deploy security webhook ' +
    'crypto hmac aes rsa session license licence root bot integration ingest write read function host storageaccount subscription developer dev live test prod production staging ' +
    'personal user org organization project platform ' +
    'openai anthropic claude google gemini vertex azure aws gcp cohere mistral groq xai grok together fireworks replicate huggingface hf perplexity deepseek openrouter nvidia cerebras voyage ' +
    'jina pinecone weaviate qdrant tavily serp serpapi brave exa firecrawl langsmith langchain langfuse helicone braintrust datadog dd newrelic sentry honeycomb grafana splunk stripe ' +
    'twilio sendgrid mailgun mailchimp slack discord telegram github gitlab bitbucket jira notion airtable hubspot salesforce shopify algolia mapbox maps cloudflare digitalocean heroku ' +
    'netlify vercel supabase firebase mongo mongodb redis postgres rapidapi weather news alpha',
)

export type KeyName = Pick<KeyedValue, 'keyBytes' | 'keyFrom' | 'keyTo' | 'phraseFrom' | 'isProse'>

/** Before `code`: it is a one-time one. */
const CODES = set('verification otp 2fa mfa login authentication authenticator auth sms passcode onetime factor')

/** Whose key it is, in a sentence. */
const OWNERS = set('my your our their his her its')
/** Before a name that is the last part of a path. */
const SLASH = 0x2f
/** Words of a sentence right before the name. */
const PHRASE_WORDS_MAX = 2

/**
 * The kind of the value behind `word`, which is a part of the name of the key. `wordStart` is where it begins in the key's bytes, or -1 when that is to be
 * found out.
 */
export function secretKindOf(word: string, value: KeyName, wordStart: number): SecretKind {
  const { keyBytes, keyFrom, keyTo, phraseFrom, isProse } = value
  const kind = kindOfWord(word)
  const name = textOf(keyBytes, keyFrom, keyTo)
  const start = wordStart < 0 ? name.toLowerCase().lastIndexOf(word) : wordStart - keyFrom
  const tail = partsOf(name.slice(start + word.length))
  if (tail.some((part) => OTHER_TAILS.has(part)) && word !== 'webhook') return 'none'
  if (keyFrom > 0 && keyBytes[keyFrom - 1] === SLASH) return 'none'
  if (kind === 'password') return isProse && word === 'pass' ? 'none' : 'password'
  const phrase = partsOf(textOf(keyBytes, phraseFrom, keyFrom)).slice(-PHRASE_WORDS_MAX)
  const head = [...phrase, ...partsOf(name.slice(0, start))]
  const before = head.at(-1) ?? ''
  if (kind === 'pin') return tail.length === 0 && (word !== 'code' || CODES.has(before)) ? kind : 'none'
  if (word !== 'key') return word.endsWith('token') && OTHER_TOKENS.has(before) ? 'none' : kind
  if (OTHER_KEYS.has(before)) return 'none'
  if (head.some((part) => SECRET_HEADS.has(part))) return 'secret'
  if (isProse && phrase.some((part) => OWNERS.has(part))) return 'secret'
  return head.length + tail.length === 0 ? 'none' : kind
}

function textOf(bytes: Uint8Array, from: number, to: number): string {
  let text = ''
  for (let at = from; at < to; at++) text += String.fromCharCode(bytes[at] as number)
  return text
}

/** The words of a name: `maxTokens`, `max_tokens`, `X-Max-Tokens`. */
function partsOf(name: string): string[] {
  return name
    .replaceAll(/([a-z\d])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z\d]+/)
    .filter((part) => part !== '')
}
