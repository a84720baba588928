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
  sentences: readonly Sentence[]
}

interface Sentence {
  text: string
  kind: string
  passage: number
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
      let before: Sentence | undefined
      for (const sentence of sentences) {
        if (signal.aborted) throw cancelled()
        const { text, passage } = sentence
        yield { type: 'text', text: `${separator(before, sentence)}${text} [${passage}]` }
        before = sentence
      }
      yield { type: 'usage', inputTokens: 0, outputTokens: 0 }
      yield { type: 'finish', reason: 'stop' }
    },
  }
}

/** Sentences run on; all else begins a line, and another table a paragraph: lines of cells in a row are one table. */
function separator(before: Sentence | undefined, next: Sentence): string {
  if (before === undefined) return ''
  if (before.kind === 'sentence' && next.kind === 'sentence') return ' '
  const apart = next.kind === 'table-header' || before.passage !== next.passage
  return isCells(before) && isCells(next) && apart ? '\n\n' : '\n'
}

const isCells = ({ kind }: Sentence) => kind === 'row' || kind === 'table-header'

function lastQuestion(request: ChatRequest): string {
  for (let i = request.messages.length - 1; i >= 0; i--) {
    if (request.messages[i]!.role === 'user') return request.messages[i]!.content
  }
  throw new PlinthError('INVALID_INPUT', 'The extractive model was given no question.')
}

function cancelled(): PlinthError {
  return new PlinthError('CANCELLED', 'The answer was cancelled.')
}
