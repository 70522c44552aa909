import type { Random } from './random.ts'

/** Between them the sign that none of them has. */
const PIECES = [
  '&a ¦*a¦*any¦<<: *any¦!!int ¦!!binary ¦!<x> ¦? ¦- ¦: ¦::¦ #¦|\n¦>-\n¦---\n¦...\n¦%YAML 1.1\n¦~¦.inf¦.nan¦{¦}¦[¦]¦"¦\'¦\t¦\ufeff¦\u2028¦\0¦\ud800',
  '0x7fffffffffffffff¦1e999¦-0¦0o17¦yes¦null¦2001-01-01¦__proto__¦constructor¦9999999h¦1h30m¦-5s¦127.0.0.1:99999¦(?=a)¦(a*)*¦\\',
  '${¦}¦${env:¦${env:X:-¦${file:/dev/null}¦${X:-${X:-${X}}}¦$$¦${yaml:a: 1}¦${http://x}¦${LIST}',
].flatMap((pieces) => pieces.split('¦'))

/** Changes a text of lines and indents. */
export function mutateText(random: Random, text: string, others: readonly string[], changes: number): string {
  let result = text
  for (let i = 0; i < changes; i++) result = mutateOnce(random, result, others)
  return result
}

function mutateOnce(random: Random, text: string, others: readonly string[]): string {
  const lines = text.split('\n')
  const at = random.below(lines.length)
  const line = lines[at] ?? ''
  const column = random.below(line.length + 1)
  switch (random.below(11)) {
    case 0:
      lines.splice(at, 1)
      break
    case 1:
      lines.splice(random.below(lines.length), 0, line)
      break
    case 2:
      lines[at] = ' '.repeat(random.below(6)) + line
      break
    case 3:
      lines[at] = line.slice(random.below(5))
      break
    case 4:
      lines[at] = line.slice(0, column)
      break
    case 5: {
      const other = random.pick(others).split('\n')
      lines.splice(at, random.below(2), ...other.slice(random.below(other.length)).slice(0, 1 + random.size(20)))
      break
    }
    case 6:
      lines[at] =
        line.slice(0, column) +
        random.pick(PIECES).repeat(random.chance(0.05) ? random.below(200) : 1) +
        line.slice(column)
      break
    case 7:
      lines[at] = line.replace(/:.*/, `: ${random.pick(PIECES)}`)
      break
    case 8:
      lines[at] = line.slice(0, column) + random.bytes(1 + random.size(4)).toString('latin1') + line.slice(column)
      break
    case 9:
      lines.splice(at, 0, ...manyAliases(random))
      break
    default:
      lines[at] = line.replace(/[\w./-]+/, random.pick(lines).trim())
  }
  return lines.join('\n')
}

/** Anchors that multiply. */
function manyAliases(random: Random): string[] {
  const width = 1 + random.below(12)
  const levels = 1 + random.below(8)
  return Array.from(
    { length: levels },
    (_, i) => `l${i}: &l${i} [${Array.from({ length: width }, () => (i === 0 ? 'x' : `*l${i - 1}`)).join(', ')}]`,
  )
}
