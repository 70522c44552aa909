import {
  TRIGGER_BREAK,
  TRIGGER_COUNT,
  TRIGGER_ENCODED,
  TRIGGER_ENTITY,
  TRIGGER_ESCAPE,
  TRIGGER_FOLD,
  TRIGGER_FORM,
  TRIGGER_PART,
  TRIGGER_PERCENT,
  TRIGGER_SPACED,
} from '../triggers.ts'
import { encodedRun } from './encoded-run.ts'
import type { Hidden } from './hidden.ts'
import { joinedLines } from './joined-lines.ts'
import { spacedDigits } from './spaced-digits.ts'
import { splitParts } from './split-parts.ts'

/** Makes a readable text of what stands at a trigger. */
export type Decoder = (bytes: Uint8Array, start: number, end: number, at: number) => Hidden

/** By trigger. A new one is a line here and a trigger that is seldom where nothing is hidden. */
export const decoderAt: readonly (Decoder | undefined)[] = Array.from({ length: TRIGGER_COUNT }, (_, trigger) =>
  new Map<number, Decoder>([
    [TRIGGER_ENCODED, encodedRun],
    [TRIGGER_BREAK, joinedLines],
    [TRIGGER_SPACED, spacedDigits],
    [TRIGGER_PART, splitParts],
  ]).get(trigger),
)

/** By trigger: 1 where the whole value is worth a look as plainText. */
export const isPlainTextTrigger = new Uint8Array(TRIGGER_COUNT)
for (const trigger of [TRIGGER_ESCAPE, TRIGGER_PERCENT, TRIGGER_ENTITY, TRIGGER_FOLD, TRIGGER_FORM])
  isPlainTextTrigger[trigger] = 1
