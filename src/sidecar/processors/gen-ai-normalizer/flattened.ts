/** One attribute of a family: `0.message.role` and its value. */
export interface Flattened {
  readonly index: number
  readonly path: string
  readonly value: unknown
}

/** Objects in objects in one name, at most: deeper ones stay as they are. */
const PATH_DEPTH_MAX = 12

/**
 * What numbered attributes of one prefix stand for: a list of objects, in the order of their numbers. `without` are segments of names that only say what comes
 * next. `used` are the attributes that are in it.
 */
export function unflatten(
  attributes: readonly Flattened[],
  without: ReadonlySet<string>,
): { readonly list: unknown[]; readonly used: readonly number[] } {
  const root: Tree = new Map()
  const used: number[] = []
  for (const { index, path, value } of attributes) {
    const segments = path.split('.', PATH_DEPTH_MAX + 1)
    if (segments.length > PATH_DEPTH_MAX || segments.length < 2 || !NUMBER.test(segments[0] ?? '')) continue
    if (put(root, shortened(segments, without), value)) used.push(index)
  }
  const list = used.length === 0 ? [] : plain(root)
  return { list: Array.isArray(list) ? list : [], used }
}

type Tree = Map<string, unknown>
const NUMBER = /^\d{1,6}$/

/** `image.image.url` is the address of the image. */
const shortened = (segments: readonly string[], without: ReadonlySet<string>): string[] =>
  segments.filter((segment, i) => !without.has(segment) && (i === 0 || segment !== segments[i - 1]))

/** False when another attribute stands where this one belongs. */
function put(root: Tree, segments: readonly string[], value: unknown): boolean {
  let at = root
  for (const segment of segments.slice(0, -1)) {
    const next = at.get(segment)
    if (next instanceof Map) at = next
    else if (next === undefined) {
      const made: Tree = new Map()
      at.set(segment, made)
      at = made
    } else return false
  }
  const last = segments.at(-1) ?? ''
  if (at.has(last) || segments.length < 2) return false
  at.set(last, value)
  return true
}

function plain(tree: unknown): unknown {
  if (!(tree instanceof Map)) return tree
  const entries = [...tree]
  if (entries.every(([key]) => NUMBER.test(String(key))))
    return entries.sort(([a], [b]) => Number(a) - Number(b)).map(([, value]) => plain(value))
  return Object.fromEntries(entries.map(([key, value]) => [key, plain(value)]))
}
