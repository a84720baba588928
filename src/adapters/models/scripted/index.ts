import { setTimeout as pause } from 'node:timers/promises'
import { PlinthError, type ResourceSpec } from '#kernel'
import type { ChatModel, ChatPart, ChatRequest } from '#ports'

export type Script = NonNullable<ResourceSpec<'Provider'>['script']>
type Rule = Script['rules'][number]

/**
 * A model that says what its script says, the same each time: for tests, demonstrations and replays. The first rule
 * whose words stand in the last question answers it; tokens are counted as words.
 */
export function createScriptedModel(id: string, script: Script): ChatModel {
  return {
    version: 'chat-model/1',
    id,
    async *stream(request: ChatRequest, signal: AbortSignal): AsyncGenerator<ChatPart> {
      const question = lastQuestion(request)
      const rule = script.rules.find(({ when }) => holds(question, when))
      if (!rule) throw new PlinthError('UPSTREAM_FAILED', `No rule of the script of ${id} fits.`)
      if (rule.fails) throw new PlinthError(rule.fails, `The script of ${id} fails here.`)
      yield* said(rule, { question, request, signal })
    },
  }
}

function holds(question: string, words: string): boolean {
  return question.toLowerCase().includes(words.toLowerCase())
}

async function* said(
  rule: Rule,
  at: { question: string; request: ChatRequest; signal: AbortSignal },
): AsyncGenerator<ChatPart> {
  const pieces = wordsOf((rule.reply ?? '').replaceAll('{{question}}', () => at.question))
  const limit = at.request.maxOutputTokens ?? pieces.length
  for (const text of pieces.slice(0, limit)) {
    if (rule.delayMs > 0)
      await pause(rule.delayMs, undefined, { signal: at.signal }).catch(() => {})
    if (at.signal.aborted) throw new PlinthError('CANCELLED', 'The call was cancelled.')
    yield { type: 'text', text }
  }
  const read = at.request.messages.flatMap(({ content }) => wordsOf(content))
  yield {
    type: 'usage',
    inputTokens: read.length,
    outputTokens: Math.min(limit, pieces.length),
  }
  yield { type: 'finish', reason: pieces.length > limit ? 'length' : rule.finish }
}

/** Words with the white space that follows them: together they are the text. */
function wordsOf(text: string): string[] {
  return text.match(/\s*\S+\s*/g) ?? []
}

function lastQuestion({ messages, question }: ChatRequest): string {
  return question ?? messages.findLast(({ role }) => role === 'user')?.content ?? ''
}
