import { keyedValue } from '../keyed-value.ts'
import type { Rule } from '../rule.ts'
import { ALNUM, HEX } from '../subject.ts'
import type { Subject } from '../subject.ts'
import { TRIGGER_LONG, TRIGGER_WORD } from '../triggers.ts'
import { isBase58, isBase58Check } from './crypto/base58.ts'
import { isBech32 } from './crypto/bech32.ts'
import { isStrkey } from './crypto/strkey.ts'
import { CuePhrases } from './identity/cue-phrases.ts'

const WALLETS = new CuePhrases(
  'wallet, walletaddress, wallet address, solana, *solana address, *sol address, *deposit address, polkadot',
)

export const cryptoAddress: Rule = {
  type: 'CRYPTO_ADDRESS',
  family: 'payment',
  summary:
    'Addresses of crypto currencies: by their checksum (Base58Check, Bech32, Stellar) or form (Ethereum, Monero); those without either behind a word such as "wallet".',
  source: 'BIP 13, 173, 350; EIP-55 (form only); Monero standard address; SEP-23',
  triggers: [TRIGGER_LONG, TRIGGER_WORD],
  words: WALLETS.words,
  confidence: 0.95,
  context: WALLETS.phrases,
  find: (subject, at, trigger) =>
    trigger === TRIGGER_LONG ? findInRun(subject, at, isAddress) : findWallet(subject, at),
  examples: {
    matches: [
      'pay to «1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa»',
      '{"btc":"«3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy»"}',
      '«bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq»',
      '«bc1p5d7rjq7g6rdk2yhzks9smlaqtedr4dekq08ge8ztwac72sfr9rusxg3297»',
      'eth «0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed»',
      'xrp «rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh»',
      'id_«1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa»_x',
      'tron «TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t»',
      'stellar «GAAZI4TCR3TY5OJHCTJC2A4QSY6CJWJH5IAJTGKIN2ER7LBNVKOCCWN7»',
      '«3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy_1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa»',
      'wallet address: «7EcDhSYGxXyscszYEp35KHN8vvw3svAuLKTzXwCFLtV»',
    ],
    misses: [
      '1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb',
      'bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdr',
      '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAedff',
      '7EcDhSYGxXyscszYEp35KHN8vvw3svAuLKTzXwCFLtV',
      'wallet: {"balance":1}',
    ],
  },
}

export const cryptoPrivateKey: Rule = {
  type: 'CRYPTO_PRIVATE_KEY',
  family: 'secrets',
  summary: 'Private keys of wallets: WIF, extended keys (xprv), Stellar seeds, nsec of Nostr.',
  source: 'BIP 32 (xprv), Bitcoin wiki: wallet import format, SEP-23, NIP-19',
  triggers: [TRIGGER_LONG],
  confidence: 1,
  find: (subject, at) => findInRun(subject, at, isPrivateKey),
  examples: {
    matches: [
      ['«5HueCGU8rMjxEXxiPuD5BDku', '4MkFqeZyd4dZ1jvhTVqvbTLvyTJ»'].join(''),
      [
        'key: «xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPP',
        'qjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi»',
      ].join(''),
    ],
    misses: [['5HueCGU8rMjxEXxiPuD5BDku', '4MkFqeZyd4dZ1jvhTVqvbTLvyTK'].join('')],
  },
}

const SEEDS = new CuePhrases(
  'mnemonic, mnemonics, mnemonicphrase, seed phrase, seedphrase, recovery phrase, secret phrase, backup phrase, *seed words, *recovery words',
)

export const seedPhrase: Rule = {
  type: 'SEED_PHRASE',
  family: 'secrets',
  summary: 'Twelve to twenty-four words that a wallet is restored from, behind words such as "seed phrase".',
  source: 'BIP 39: mnemonic sentences of 12, 15, 18, 21 or 24 words of three to eight letters',
  triggers: [TRIGGER_WORD],
  words: SEEDS.words,
  context: SEEDS.phrases,
  confidence: 0.9,
  find: findSeedPhrase,
  examples: {
    matches: [
      'seed phrase: «legal winner thank year wave sausage worth useful legal winner thank yellow»',
      '{"mnemonic":"«letter advice cage absurd amount doctor acoustic avoid letter advice cage above»"}',
    ],
    misses: [
      'seed phrase: keep it secret',
      'legal winner thank year wave sausage worth useful legal winner thank yellow',
    ],
  },
}

/** Longer runs of letters and digits hold no address. */
const WORD_BYTES_MAX = 112
const WORD_BYTES_MIN = 25
const RUN_BYTES_MAX = 256

type Test = (bytes: Uint8Array, from: number, to: number) => boolean

/** From the first to the last word that passes in a run of letters, digits, dashes and underscores; `at` is the twenty-fifth character of a word in it. */
function findInRun(subject: Subject, at: number, test: Test): boolean {
  const { bytes } = subject
  const stop = Math.min(subject.tokenEnd(at), at + RUN_BYTES_MAX)
  let from = Math.max(at - WORD_BYTES_MIN + 1, subject.start)
  let start = -1
  let end = -1
  while (from < stop) {
    const to = subject.runEnd(from, ALNUM, WORD_BYTES_MAX + 1)
    const length = to - from
    if (length >= WORD_BYTES_MIN && length <= WORD_BYTES_MAX && test(bytes, from, to)) {
      if (!subject.isWord(from - 1)) {
        if (start < 0) start = from
        end = to
      }
    }
    from = Math.max(to, from) + 1
  }
  return start >= 0 && subject.matched(start, end)
}

const first = (chars: string): Uint8Array => {
  const table = new Uint8Array(256)
  for (const char of chars) table[char.charCodeAt(0)] = 1
  return table
}
/** First characters of Base58Check addresses: Bitcoin 1, 3, m, n, 2; Litecoin L, M; Dogecoin D, A, 9; Dash X, 7; Tron T; Zcash t; XRP r; Tezos tz, KT. */
const BASE58_FIRST = first('123mnLMDA9X7TtrK')
const KEY_FIRST = first('5KLc9xyzt')
/** Only addresses of Bitcoin and the XRP ledger may be short: their first bytes may be zero. */
const mayBeBase58Check = (byte: number, length: number): boolean =>
  BASE58_FIRST[byte] === 1 && (length >= 33 || byte === 0x31 || byte === 0x72)

function isAddress(bytes: Uint8Array, from: number, to: number): boolean {
  const length = to - from
  if (length === 42 && bytes[from] === 0x30) return (bytes[from + 1] as number) === 0x78 && isHex(bytes, from + 2, to)
  if (length === 95 || length === 106) return isMonero(bytes, from, to)
  if (length <= 36) return mayBeBase58Check(bytes[from] as number, length) && isBase58Check(bytes, from, to)
  if (length === 111) return isExtended(bytes, from) && !isPrivate(bytes, from) && isBase58Check(bytes, from, to)
  if (length === 56 && bytes[from] === 0x47) return isStrkey(bytes, from, to)
  return isBech32(bytes, from, to) && !isSecretPrefix(bytes, from)
}

function isPrivateKey(bytes: Uint8Array, from: number, to: number): boolean {
  const length = to - from
  if (length === 51 || length === 52) return KEY_FIRST[bytes[from] as number] === 1 && isBase58Check(bytes, from, to)
  if (length === 111) return isExtended(bytes, from) && isPrivate(bytes, from) && isBase58Check(bytes, from, to)
  if (length === 56 && bytes[from] === 0x53) return isStrkey(bytes, from, to)
  return isSecretPrefix(bytes, from) && isBech32(bytes, from, to)
}

const has = (bytes: Uint8Array, at: number, text: string): boolean => {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false
  return true
}
const isSecretPrefix = (bytes: Uint8Array, from: number): boolean => has(bytes, from, 'nsec1')
/** xpub, xprv; also y, z, t, u, v, L and d for other scripts and networks. */
const isExtended = (bytes: Uint8Array, from: number): boolean => has(bytes, from + 1, 'pub') || isPrivate(bytes, from)
const isPrivate = (bytes: Uint8Array, from: number): boolean => has(bytes, from + 1, 'prv')

function isHex(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const byte = bytes[at] as number
    const letter = byte | 0x20
    if (!(byte >= 0x30 && byte <= 0x39) && !(letter >= 0x61 && letter <= 0x66)) return false
  }
  return true
}

/** Standard, sub- and integrated addresses; the checksum is Keccak and left out. */
function isMonero(bytes: Uint8Array, from: number, to: number): boolean {
  const [network, second] = [bytes[from] as number, bytes[from + 1] as number]
  const isSecond = (second >= 0x30 && second <= 0x39) || second === 0x41 || second === 0x42
  return (network === 0x34 || network === 0x38) && isSecond && isBase58(bytes, from + 2, to)
}

/** Solana and others: base58 of 32 bytes, without a checksum. */
function findWallet(subject: Subject, at: number): boolean {
  const end = WALLETS.endOf(subject, at)
  const value = end === undefined ? undefined : keyedValue(subject, end)
  if (value === undefined) return false
  const { from } = value
  const to = subject.runEnd(from, ALNUM, 64)
  const length = to - from
  if (length < 32 || length > 50 || subject.isWord(from - 1) || !isBase58(subject.bytes, from, to)) return false
  return subject.runEnd(from, HEX, 64) < to && subject.matched(from, to)
}

const SEED_BYTES_MAX = 240

function findSeedPhrase(subject: Subject, at: number): boolean {
  const end = SEEDS.endOf(subject, at)
  const value = end === undefined ? undefined : keyedValue(subject, end)
  if (value === undefined) return false
  const limit = Math.min(Math.max(value.to, value.lineTo), value.from + SEED_BYTES_MAX)
  let words = 0
  let to = -1
  let next = value.from
  while (next < limit && words < 24) {
    const wordEnd = endOfLowerCase(subject, next, limit)
    if (wordEnd - next < 3 || wordEnd - next > 8) break
    words++
    if (words >= 12 && words % 3 === 0) to = wordEnd
    next = subject.at(wordEnd) === 0x2c ? wordEnd + 1 : wordEnd
    if (subject.at(next) !== 0x20) break
    next++
  }
  subject.steps += next - value.from
  return to > 0 && subject.matched(value.from, to)
}

function endOfLowerCase(subject: Subject, from: number, limit: number): number {
  let at = from
  while (at < limit && subject.at(at) >= 0x61 && subject.at(at) <= 0x7a) at++
  return at
}
