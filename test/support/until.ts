/** Resolves once the condition holds; rejects after `timeoutMs`. */
export async function until(condition: () => boolean | Promise<boolean>, timeoutMs = 10_000): Promise<void> {
  const endMs = performance.now() + timeoutMs
  while (!(await condition())) {
    if (performance.now() > endMs)
      throw new Error(`the condition did not hold within ${timeoutMs} ms: ${condition.toString()}`)
    await new Promise<void>((resolve) => {
      setTimeout(resolve, 5)
    })
  }
}
