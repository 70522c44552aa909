import type { RuleType } from '../rule.ts'

/** The value is taken out, whatever it is. */
export const BLOCKED = 1
/** The value itself stays, but not what stands below it. */
export const ALLOWED = 2
/** The value and all below it stays. */
export const IGNORED = 3

export type Verdict = 0 | typeof BLOCKED | typeof ALLOWED | typeof IGNORED

/** What is taken out because its path is blocked. */
export const BLOCKED_TYPE = 'BLOCKED_KEY'

/** Paths that are blocked, and what their values are called. */
export interface BlockedGlob {
  readonly glob: string
  readonly type: RuleType
}

export interface PathGlobs {
  readonly blockedKeys?: readonly (string | BlockedGlob)[]
  readonly allowedKeys?: readonly string[]
  readonly ignoredKeys?: readonly string[]
}

/** All that values of blocked paths are called. */
export const blockedTypes = ({ blockedKeys = [] }: PathGlobs): readonly RuleType[] => [
  ...new Set([
    BLOCKED_TYPE,
    ...blockedKeys.map((blocked) => (typeof blocked === 'string' ? BLOCKED_TYPE : blocked.type)),
  ]),
]

export const globsMax = 256
export const globSegmentsMax = 32

/**
 * Decides about values by their path: the key of the attribute, then the keys of nested values, then those of JSON in strings, with dots between (dots in keys count
 * as well). In a glob, `*` stands for any part of one segment and `**` for any number of segments; case does not count. `blocked` holds for all below
 * the path, `ignored` too, `allowed` for the value itself. Where several match, allowed wins over ignored over blocked.
 */
export class PathRules {
  readonly #globs: readonly Glob[]
  /** Frame by frame, the states of all globs: bit n = the segments before n are matched. */
  readonly #states: Uint32Array[] = []
  readonly #verdicts = new Uint8Array(FRAMES_MAX)
  /** Of blocked frames: the glob that blocks. */
  readonly #blocking = new Uint16Array(FRAMES_MAX)

  /** Throws a RangeError when there are too many globs or one is too long. */
  constructor({ blockedKeys = [], allowedKeys = [], ignoredKeys = [] }: PathGlobs) {
    this.#globs = [
      ...blockedKeys.map((blocked) =>
        typeof blocked === 'string' ? compiled(blocked, BLOCKED) : compiled(blocked.glob, BLOCKED, blocked.type),
      ),
      ...allowedKeys.map((glob) => compiled(glob, ALLOWED)),
      ...ignoredKeys.map((glob) => compiled(glob, IGNORED)),
    ]
    if (this.#globs.length > globsMax) throw new RangeError(`more than ${globsMax} globs of keys`)
  }

  get isEmpty(): boolean {
    return this.#globs.length === 0
  }

  /** A value begins that is called so: frame 0. */
  begin(label: Uint8Array): void {
    const states = this.#statesOf(0)
    states.fill(1)
    for (const [index, glob] of this.#globs.entries()) states[index] = closure(glob, 1)
    this.#verdicts[0] = 0
    if (label.length > 0) this.#advance(0, label, 0, label.length)
  }

  /** The object of this frame has got to a member; `above` is the frame of the member that holds it. */
  enter(frame: number, above: number, bytes: Uint8Array, from: number, to: number): void {
    this.#statesOf(frame).set(this.#statesOf(above))
    this.#verdicts[frame] = below(this.#verdicts[above] as Verdict)
    this.#blocking[frame] = this.#blocking[above] as number
    this.#advance(frame, bytes, from, to)
  }

  verdict(frame: number): Verdict {
    return this.#verdicts[frame] as Verdict
  }

  /** What the value of a blocked frame is called. */
  typeOf(frame: number): RuleType {
    return this.#globs[this.#blocking[frame] as number]?.type ?? BLOCKED_TYPE
  }

  #advance(frame: number, bytes: Uint8Array, from: number, to: number): void {
    const states = this.#statesOf(frame)
    for (let at = from; at <= to; at++) {
      let end = at
      while (end < to && bytes[end] !== DOT) end++
      let verdict = below(this.#verdicts[frame] as Verdict)
      for (const [index, glob] of this.#globs.entries()) {
        const next = step(glob, states[index] as number, bytes, at, end)
        states[index] = next
        if ((next & glob.final) === 0) continue
        // Of several globs that block, the first one that does names the value.
        if (glob.verdict === BLOCKED && verdict !== BLOCKED) this.#blocking[frame] = index
        verdict = stronger(verdict, glob.verdict)
      }
      this.#verdicts[frame] = verdict
      at = end
    }
  }

  #statesOf(frame: number): Uint32Array {
    return (this.#states[frame] ??= new Uint32Array(this.#globs.length))
  }
}

const FRAMES_MAX = 512
const DOT = 0x2e

/** What is decided about the members of a value. */
const below = (verdict: Verdict): Verdict => (verdict === ALLOWED ? 0 : verdict)

const STRENGTH: readonly number[] = [0, 1, 3, 2]
const stronger = (one: Verdict, other: Verdict): Verdict =>
  (STRENGTH[one] as number) >= (STRENGTH[other] as number) ? one : other

interface Glob {
  readonly verdict: Verdict
  readonly type: RuleType
  /** Segments in lower case; undefined = `**`. */
  readonly segments: readonly (Uint8Array | undefined)[]
  /** The bit of the state in which all segments are matched. */
  readonly final: number
}

function compiled(glob: string, verdict: Verdict, type: RuleType = BLOCKED_TYPE): Glob {
  const segments = glob
    .split('.')
    .map((segment) => (segment === '**' ? undefined : encoder.encode(segment.toLowerCase())))
  if (segments.length >= globSegmentsMax) throw new RangeError(`glob of more than ${globSegmentsMax - 1} segments`)
  return { verdict, type, segments, final: (1 << segments.length) >>> 0 }
}

const encoder = new TextEncoder()

/** `**` may stand for no segment at all. */
function closure({ segments }: Glob, states: number): number {
  let all = states
  for (let n = 0; n < segments.length; n++) if (segments[n] === undefined && (all & (1 << n)) !== 0) all |= 1 << (n + 1)
  return all >>> 0
}

function step(glob: Glob, states: number, bytes: Uint8Array, from: number, to: number): number {
  let next = 0
  for (let n = 0; n < glob.segments.length; n++) {
    if ((states & (1 << n)) === 0) continue
    const segment = glob.segments[n]
    if (segment === undefined) next |= 1 << n
    else if (matches(segment, bytes, from, to)) next |= 1 << (n + 1)
  }
  return closure(glob, next)
}

const STAR = 0x2a

/** Whether bytes[from, to) match a pattern in which `*` stands for any run. */
function matches(pattern: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  let at = from
  let p = 0
  let starAt = -1
  let starFrom = from
  while (at < to) {
    if (pattern[p] === STAR) {
      starAt = p++
      starFrom = at
    } else if (p < pattern.length && pattern[p] === lower(bytes[at] as number)) {
      p++
      at++
    } else if (starAt >= 0) {
      p = starAt + 1
      at = ++starFrom
    } else return false
  }
  while (pattern[p] === STAR) p++
  return p === pattern.length
}

const lower = (byte: number): number => (byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte)
