import type { Random } from './random.ts'

const mail = ['mary', 'example.com'].join('@')
const texts: readonly string[] = [
  '',
  '\0',
  '"',
  '\\u0041',
  '\u2028\ufeff',
  '漢😀é',
  mail,
  `{"email":"${mail}","n":[1,{"password":"correct horse"}]}`,
  `[{"role":"user","parts":[{"type":"text","content":"I am ${mail}"}]}]`,
  '4111 1111 1111 1111',
  `postgres://app:${'s3cret'}@db.example.com/x?a=%40&b=%`,
  Buffer.from(`card of ${mail}`).toString('base64'),
  '-9223372036854775808',
  '1e400',
  'gen_ai.input.messages',
  'gen_ai.operation.name',
  'invoke_agent',
  'service.name',
  '__proto__',
  'constructor',
]
/** Not UTF-8: a lone byte, an overlong slash, a surrogate, beyond the last character, a beginning without an end. */
const broken: readonly Buffer[] = ['80', 'c0af', 'eda080', 'f4908080', 'e282', 'f09f98'].map((hex) =>
  Buffer.from(hex, 'hex'),
)

/** Content of a string that somebody should not have sent. */
export function hostileBytes(random: Random): Buffer {
  switch (random.below(5)) {
    case 0:
      return Buffer.concat([Buffer.from(random.pick(texts)), random.pick(broken), Buffer.from(random.pick(texts))])
    case 1:
      return Buffer.alloc(random.size(3000), random.pick(['x', '0', '[', '{"a":', '\\', ' ', '1.', 'é', '%7B%22']))
    case 2:
      return random.bytes(random.size(80))
    default:
      return Buffer.from(random.pick(texts))
  }
}
