import { PlinthError } from '#kernel'
import type { ChatModel, ChatPart, ChatRequest, Passage } from '#ports'

/** What the built-in model needs: the platform's own extraction, handed in by wiring. */
export type Extractor = (
  question: string,
  passages: readonly Passage[],
  options: { language?: string; abstainBelow?: number },
) => {
  confidence: number
  reason?: string
  sentences: ReadonlyArray<{ text: string; kind: string; passage: number }>
}

/**
 * The model that needs no model: it answers with sentences of the passages, verbatim and cited, or abstains. It
 * reads `passages` and `question` and never the messages.
 */
export function createExtractiveModel(extract: Extractor): ChatModel {
  return {
    version: 'chat-model/1',
    id: 'extractive',
    async *stream(request: ChatRequest, signal: AbortSignal): AsyncGenerator<ChatPart> {
      const question = request.question ?? lastQuestion(request)
      if (signal.aborted) throw cancelled()
      const { confidence, reason, sentences } = extract(question, request.passages ?? [], {
        ...(request.language === undefined ? {} : { language: request.language }),
        ...(request.abstainBelow === undefined ? {} : { abstainBelow: request.abstainBelow }),
      })
      if (reason !== undefined) yield { type: 'abstain', reason, score: confidence }
      let before: string | undefined
      for (const { text, kind, passage } of sentences) {
        if (signal.aborted) throw cancelled()
        yield { type: 'text', text: `${separator(before, kind)}${text} [${passage}]` }
        before = kind
      }
      yield { type: 'usage', inputTokens: 0, outputTokens: 0 }
      yield { type: 'finish', reason: 'stop' }
    },
  }
}

function separator(before: string | undefined, kind: string): string {
  if (before === undefined) return ''
  return before === 'sentence' && kind === 'sentence' ? ' ' : '\n'
}

function lastQuestion(request: ChatRequest): string {
  for (let i = request.messages.length - 1; i >= 0; i--) {
    if (request.messages[i]!.role === 'user') return request.messages[i]!.content
  }
  throw new PlinthError('INVALID_INPUT', 'The extractive model was given no question.')
}

function cancelled(): PlinthError {
  return new PlinthError('CANCELLED', 'The answer was cancelled.')
}
