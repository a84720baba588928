import type { PlinthError } from '#kernel'
import { observeOpenAiFrame, observeOpenAiReply } from './openai-frames.ts'
import type { PassThrough } from './pass-through.ts'

/** Chat completions of OpenAI, and of all that speaks its protocol, passed through. */
export const openAiPassThrough: PassThrough = {
  observe: observeOpenAiFrame,
  observeReply: observeOpenAiReply,
  failFrame: (error) => `data: ${JSON.stringify({ error: frameOf(error) })}\n\n`,
  doneFrame: 'data: [DONE]\n\n',
}

function frameOf(error: PlinthError) {
  const message = `${error.message} ${error.remedy}`.trim()
  return { message, type: 'server_error', param: null, code: error.code.toLowerCase() }
}
