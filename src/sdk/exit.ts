/** What has to happen before the process is gone. */
export interface Ending {
  /** How long a natural end may be put off for `flush`, in ms; 0: not at all. */
  flushMs(): number
  /** Tries once to send everything. False: something is left. Never rejects. */
  flush(): Promise<boolean>
  /**
   * The last chance, synchronous. `failed`: the spans that are still open did not end well.
   * `unreachable`: the receiver has just failed to take everything; waiting for it once more is of no use. Never throws.
   */
  finish(reason: string, failed: boolean, unreachable: boolean): void
}

/**
 * Runs `ending` for every way in which JavaScript can see its process end: nothing left to do, `process.exit()`, an uncaught error, a signal
 * that the agent does not handle itself. It changes neither the exit code nor the signal, and what it adds to `process` is not visible to
 * code that counts listeners. SIGKILL, `process.abort()` and a crash of the runtime cannot be seen.
 */
export function onProcessEnd(ending: Ending, isMainThread: boolean): void {
  let crashed = false
  let isFlushing = false
  let unreachable = false
  process.on('uncaughtExceptionMonitor', () => {
    crashed = true
  })
  process.on('exit', (code) => {
    if (crashed && code !== 0) ending.finish('uncaught_exception', true, unreachable)
    else ending.finish('process_exit', code !== 0, unreachable)
  })
  process.on('beforeExit', () => {
    // Asynchronous work here makes Node emit the event once more. An agent that listens to it would notice, so its 'exit' has to do.
    if (process.listenerCount('beforeExit') > 1 || isFlushing) return
    const flushMs = ending.flushMs()
    if (flushMs === 0) return
    isFlushing = true
    unreachable = true
    void flushWithin(flushMs)
  })
  /** Only this timer holds the process; when it fires, or when the flush is over, the process ends. */
  const flushWithin = async (flushMs: number): Promise<void> => {
    const alive = setTimeout(() => undefined, flushMs)
    const isEmpty = await ending.flush()
    isFlushing = !isEmpty
    unreachable = !isEmpty
    clearTimeout(alive)
  }
  if (isMainThread) endOnSignals(ending)
}

/** Signals whose default ends the process. Without a handler of the agent's own that stays so, after the last send. */
function endOnSignals(ending: Ending): void {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    const listener = (): void => {
      if (process.listeners(signal).length > 0) return
      ending.finish(signal, true, false)
      process.removeListener(signal, listener)
      process.kill(process.pid, signal)
      // Still here: the kernel ignores the default action for process 1 of a container. Then we did not end and keep listening.
      setTimeout(() => process.on(signal, listener), 100).unref()
    }
    process.on(signal, listener)
    hide(signal, listener)
  }
}

/**
 * Libraries such as signal-exit count the listeners of a signal to decide whether to end the process. Ours must not count: the agent would
 * then survive a signal that ends it without us.
 */
function hide(signal: string, ours: () => void): void {
  const listens = (): boolean => process.rawListeners(signal).includes(ours)
  process.listeners = new Proxy(process.listeners, {
    apply: (target, self, args) => without(Reflect.apply(target, self, args), args[0] === signal ? ours : undefined),
  })
  process.listenerCount = new Proxy(process.listenerCount, {
    apply(target, self, args) {
      const count: number = Reflect.apply(target, self, args)
      const counted = args[0] === signal && (args[1] === undefined || args[1] === ours)
      return counted && listens() ? count - 1 : count
    },
  })
  // Node counts the same way and stops watching the signal when the last other listener goes: ours then starts it again.
  process.on('removeListener', (event, removed) => {
    if (event !== signal || removed === ours || process.listenerCount(signal) > 0 || !listens()) return
    process.removeListener(signal, ours)
    process.on(signal, ours)
  })
}

const without = (listeners: unknown[], ours: unknown): unknown[] => listeners.filter((listener) => listener !== ours)
