/*
 * Preloaded into a process whose wall clock the judge steps: `Date` is shifted, timers and the monotonic clock are not, as when a host's clock is set. The judge sends
 * `{ clockOffsetMs }` and gets it back when it is in force.
 */
let offsetMs = Number(process.env['JUDGE_CLOCK_OFFSET_MS'] ?? 0)
const RealDate = Date
const realNow = Date.now.bind(Date)

globalThis.Date = class extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(realNow() + offsetMs)
    else super(...args)
  }
  static now() {
    return realNow() + offsetMs
  }
}

process.on('message', (message) => {
  if (typeof message?.clockOffsetMs !== 'number') return
  offsetMs = message.clockOffsetMs
  process.send?.({ clockOffsetMs: offsetMs })
})
process.channel?.unref()
