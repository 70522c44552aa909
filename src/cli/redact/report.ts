/** Findings by rule. */
export type Counts = ReadonlyMap<string, number>

/** Lines of count and rule, the most frequent first, and the sum. */
export function countLines(counts: Counts): string {
  if (counts.size === 0) return 'Nothing was found.\n'
  const lines = sorted(counts).map(([rule, count]) => `${String(count).padStart(7)}  ${rule}\n`)
  return `${lines.join('')}${String(totalOf(counts)).padStart(7)}  in all\n`
}

export const countsAsJson = (counts: Counts): string =>
  `${JSON.stringify({ total: totalOf(counts), rules: Object.fromEntries(sorted(counts)) })}\n`

const sorted = (counts: Counts): [string, number][] => [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
const totalOf = (counts: Counts): number => [...counts.values()].reduce((sum, count) => sum + count, 0)
