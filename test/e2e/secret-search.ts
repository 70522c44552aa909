/** Bytes that somebody else can see. */
export interface Seen {
  readonly where: string
  readonly bytes: Buffer
}

/** Where which of the secrets is, and in which form. */
export function found(
  secrets: readonly string[],
  seen: readonly Seen[],
): { secret: string; form: string; where: string }[] {
  return secrets.flatMap((secret) =>
    Object.entries(formsOf(secret)).flatMap(([form, texts]) =>
      seen
        .filter(({ bytes }) => texts.some((text) => bytes.includes(text)))
        .map(({ where }) => ({ secret, form, where })),
    ),
  )
}

/** How a secret may look in the bytes: as it is, encoded, or a part of it long enough to be no accident. */
function formsOf(secret: string): Readonly<Record<string, readonly string[]>> {
  const bytes = Buffer.from(secret)
  const isEmail = secret.includes('@')
  return {
    'as it is': [secret],
    'its start': [secret.slice(0, 12)],
    'its end': isEmail ? [] : [secret.slice(-12)],
    'without separators': [secret.replaceAll(/[ ()-]/g, '')],
    'percent-encoded': isEmail
      ? [encodeURIComponent(secret), secret.replaceAll('@', '%40')]
      : [encodeURIComponent(secret)],
    'JSON escapes': isEmail ? [secret.replaceAll('@', '\\u0040')] : [],
    hex: [bytes.toString('hex'), bytes.toString('hex').toUpperCase()],
    // At each of the three places where a text can stand in base64, without the characters that its neighbours have a part in.
    base64: [0, 1, 2].map((offset) => {
      const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
        .toString('base64')
        .replace(/=+$/, '')
      return encoded.slice(offset === 0 ? 0 : 4, (bytes.length + offset) % 3 === 0 ? undefined : -1)
    }),
  }
}
