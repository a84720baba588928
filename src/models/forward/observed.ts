/** What an answer told on its way through. */
export interface Observed {
  /** Text, a refusal or a tool call began: nothing can be taken back. */
  content: boolean
  finished: boolean
  done: boolean
  inputTokens: number
  cachedTokens: number
  outputTokens: number
  reasoningTokens: number
  counted: boolean
  /** Frames with content: about a token each where the upstream counts none. */
  contentFrames: number
  finish?: string
  /** An error that the upstream reported within its stream. */
  error?: string
}

export function nothingObserved(): Observed {
  return {
    content: false,
    finished: false,
    done: false,
    inputTokens: 0,
    cachedTokens: 0,
    outputTokens: 0,
    reasoningTokens: 0,
    counted: false,
    contentFrames: 0,
  }
}
