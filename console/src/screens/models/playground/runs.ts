import { type ChatCall, type ModelCallDetail, PlinthProblem } from '@plinth/sdk'
import { useCallback, useEffect, useRef, useState } from 'react'
import { plinth, problemOf } from '../../../data/client.ts'

export interface ToolCall {
  name: string
  arguments: string
}

/** One model's answer while it comes, and after. */
export interface Run {
  state: 'waiting' | 'streaming' | 'answered' | 'stopped' | 'failed'
  text: string
  reasoning: string
  tools: ToolCall[]
  finish?: string
  problem?: PlinthProblem
  /** Milliseconds, as this page saw it. */
  firstMs?: number
  tookMs?: number
  inputTokens?: number
  outputTokens?: number
  callId?: string
  /** As it was booked: who answered, and what it cost. */
  call?: ModelCallDetail
}

/** A call is booked within a tenth of a second, or when the database is back. */
const bookedAfterMs = [150, 300, 600, 1_200, 2_400]

/** Runs several models at once, each on its own; leaving the page stops them. */
export function useRuns() {
  const [runs, setRuns] = useState<Record<number, Run>>({})
  const stops = useRef(new Map<number, AbortController>())
  const show = useCallback((at: number, run: Run) => {
    setRuns((old) => ({ ...old, [at]: run }))
  }, [])
  const stop = useCallback(() => {
    for (const one of stops.current.values()) one.abort()
    stops.current.clear()
  }, [])
  useEffect(() => stop, [stop])
  const start = useCallback(
    (calls: readonly ChatCall[]) => {
      stop()
      setRuns({})
      for (const [at, call] of calls.entries()) {
        const abort = new AbortController()
        stops.current.set(at, abort)
        const mine = () => stops.current.get(at) === abort || abort.signal.aborted
        void follow(call, abort.signal, (run) => mine() && show(at, run))
      }
    },
    [show, stop],
  )
  const clear = useCallback(() => {
    stop()
    setRuns({})
  }, [stop])
  return { runs, start, stop, clear, running: Object.values(runs).some(isRunning) }
}

export function isRunning({ state }: Run): boolean {
  return state === 'waiting' || state === 'streaming'
}

/** Tokens a second after the first one; undefined where there is too little to tell. */
export function speedOf({ firstMs, tookMs, outputTokens }: Run): number | undefined {
  if (firstMs === undefined || tookMs === undefined || outputTokens === undefined) return undefined
  const seconds = (tookMs - firstMs) / 1_000
  return outputTokens > 1 && seconds > 0.02 ? (outputTokens - 1) / seconds : undefined
}

async function follow(
  call: ChatCall,
  signal: AbortSignal,
  show: (run: Run) => void,
): Promise<void> {
  const began = performance.now()
  const run: Run = { state: 'waiting', text: '', reasoning: '', tools: [] }
  const showing = oncePerFrame(() => show({ ...run, tools: run.tools.map((one) => ({ ...one })) }))
  showing()
  try {
    for await (const event of plinth.models.chatStream(call, { signal })) {
      if (event.type === 'begun') {
        if (event.callId) run.callId = event.callId
        continue
      }
      if (run.firstMs === undefined && event.type !== 'usage' && event.type !== 'finish') {
        run.firstMs = performance.now() - began
        run.state = 'streaming'
      }
      if (event.type === 'text') run.text += event.text
      else if (event.type === 'reasoning') run.reasoning += event.text
      else if (event.type === 'finish') run.finish = event.reason
      else if (event.type === 'tool') addTool(run, event)
      else if (event.type === 'usage')
        Object.assign(run, { inputTokens: event.inputTokens, outputTokens: event.outputTokens })
      showing()
    }
    run.state = 'answered'
  } catch (cause) {
    run.state = signal.aborted ? 'stopped' : 'failed'
    if (!signal.aborted) run.problem = problemOf(cause)
  }
  run.tookMs = performance.now() - began
  showing()
  if (!run.callId) return
  const booked = await bookedCall(run.callId)
  if (booked) run.call = booked
  showing()
}

function addTool(run: Run, part: { index: number; name: string; arguments: string }): void {
  run.tools[part.index] ??= { name: '', arguments: '' }
  const tool = run.tools[part.index] as ToolCall
  tool.name += part.name
  tool.arguments += part.arguments
}

async function bookedCall(id: string): Promise<ModelCallDetail | undefined> {
  for (const wait of bookedAfterMs) {
    await new Promise((done) => setTimeout(done, wait))
    try {
      return await plinth.usage.call(id)
    } catch (cause) {
      if (!(cause instanceof PlinthProblem) || cause.status !== 404) return undefined
    }
  }
  return undefined
}

/** A page is drawn sixty times a second: words that come faster are shown together. */
function oncePerFrame(show: () => void): () => void {
  let asked = false
  return () => {
    if (asked) return
    asked = true
    setTimeout(() => {
      asked = false
      show()
    }, 16)
  }
}
