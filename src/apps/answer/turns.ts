const waiting: (() => void)[] = []
let scheduled = false

/**
 * Waits for a turn of the event loop of one's own. Rows for many questions come back together; were they all read on at
 * once, everything else on the server would wait for all of them. With a turn each, it waits for one.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve)
    if (scheduled) return
    scheduled = true
    setImmediate(giveTurn)
  })
}

function giveTurn(): void {
  waiting.shift()?.()
  scheduled = waiting.length > 0
  // What is scheduled inside an immediate runs in the next turn of the loop, after input and output.
  if (scheduled) setImmediate(giveTurn)
}
