import type {
  CallUsage,
  FinishReason,
  JsonObject,
  ModelReply,
  ReplyChoice,
  StreamWriterOptions,
  TokenLogprob,
  Written,
} from '#ports'
import { callsTold, hasCalls } from '../wire/calls.ts'
import { defined, Fields, isObject } from '../wire/fields.ts'
import { Losses } from '../wire/losses.ts'
import { family, partsFor, partsOf } from './parts.ts'

const filtered =
  /^(SAFETY|RECITATION|BLOCKLIST|PROHIBITED_CONTENT|SPII|IMAGE_SAFETY|IMAGE_PROHIBITED_CONTENT)$/

export function finishOf(reason: string | undefined, called: boolean): FinishReason {
  if (reason === 'STOP') return called ? 'tool-calls' : 'stop'
  if (reason === 'MAX_TOKENS') return 'length'
  return reason !== undefined && filtered.test(reason) ? 'content-filter' : 'other'
}

export function finishFor(
  { finish, stopSequence }: { finish: FinishReason; stopSequence?: string },
  losses: Losses,
): string {
  if (stopSequence !== undefined)
    losses.add('choices/0/stopSequence', 'hint', 'Which stop sequence ended it is not told.')
  if (finish === 'pause') losses.add('choices/0/finish', 'changed', '"pause" is told as "other".')
  const words = { length: 'MAX_TOKENS', 'content-filter': 'SAFETY', pause: 'OTHER', other: 'OTHER' }
  return words[finish as keyof typeof words] ?? 'STOP'
}

function number(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0
}

/** Usage with thoughts counted as output, which this protocol counts beside it. */
export function usageOf(value: unknown): CallUsage | undefined {
  if (!isObject(value)) return undefined
  const thoughts = value.thoughtsTokenCount
  const cached = value.cachedContentTokenCount
  return {
    inputTokens: number(value.promptTokenCount) + number(value.toolUsePromptTokenCount),
    outputTokens: number(value.candidatesTokenCount) + number(thoughts),
    ...(typeof cached === 'number' ? { cachedInputTokens: cached } : {}),
    ...(typeof thoughts === 'number' ? { reasoningTokens: thoughts } : {}),
  }
}

export function usageFor(usage: CallUsage, losses: Losses): JsonObject {
  const { inputTokens, outputTokens, cachedInputTokens, cacheWriteTokens, reasoningTokens } = usage
  if (cacheWriteTokens !== undefined)
    losses.add('usage/cacheWriteTokens', 'hint', 'Tokens written into a cache are not told.')
  return defined({
    promptTokenCount: inputTokens,
    candidatesTokenCount: outputTokens - (reasoningTokens ?? 0),
    thoughtsTokenCount: reasoningTokens,
    cachedContentTokenCount: cachedInputTokens,
    totalTokenCount: inputTokens + outputTokens,
  })
}

export function logprobsOf(value: unknown): TokenLogprob[] | undefined {
  if (!isObject(value) || !Array.isArray(value.chosenCandidates)) return undefined
  const others = Array.isArray(value.topCandidates) ? value.topCandidates : []
  return value.chosenCandidates.filter(isObject).map((one, i): TokenLogprob => {
    const beside: unknown = isObject(others[i]) ? others[i].candidates : undefined
    const top = Array.isArray(beside) ? beside.filter(isObject).map(tokenOf) : undefined
    return defined({ ...tokenOf(one), top: top?.length ? top : undefined })
  })
}

function tokenOf(one: JsonObject) {
  return { token: String(one.token ?? ''), logprob: number(one.logProbability) }
}

export function logprobsFor(list: readonly TokenLogprob[], losses: Losses): JsonObject {
  if (list.some(({ bytes }) => bytes))
    losses.add('choices/0/logprobs', 'hint', 'The bytes of tokens are not told.')
  const one = ({ token, logprob }: TokenLogprob) => ({ token, logProbability: logprob })
  return {
    chosenCandidates: list.map(one),
    topCandidates: list.map(({ top = [] }) => ({ candidates: top.map(one) })),
  }
}

/** A response as an answer; one whose prompt was blocked is an answer without content. @throws UPSTREAM_FAILED */
export function readGeminiReply(body: unknown): ModelReply {
  const fields = Fields.answered(body)
  const id = fields.string('responseId')
  const blocked = fields.object('promptFeedback')?.string('blockReason')
  const candidates = fields.objects('candidates')
  if (blocked === undefined && (!candidates || candidates.length === 0))
    throw fields.refuse('candidates', 'is missing')
  const choices = (candidates ?? []).map((candidate) => choiceOf(candidate, id))
  const created = Date.parse(fields.string('createTime') ?? '') / 1_000
  return defined({
    id,
    model: fields.string('modelVersion'),
    created: Number.isFinite(created) ? Math.floor(created) : undefined,
    choices: choices.length > 0 ? choices : [{ content: [], finish: 'content-filter' as const }],
    usage: usageOf(fields.raw('usageMetadata')),
    extra: fields.rest(family),
  })
}

function choiceOf(candidate: Fields, id: string | undefined): ReplyChoice {
  candidate.raw('index')
  candidate.raw('avgLogprobs')
  let calls = 0
  const content = candidate.object('content')
  const parts = partsOf(content?.objects('parts') ?? [], () => callId(id, calls++))
  return defined({
    content: parts,
    finish: finishOf(candidate.string('finishReason'), hasCalls(parts)),
    logprobs: logprobsOf(candidate.raw('logprobsResult')),
    extra: candidate.rest(family),
  })
}

/** The id of a call that the endpoint gave none. */
export function callId(answer: string | undefined, at: number): string {
  return `call_${answer ?? 'answer'}_${at}`
}

export function writeGeminiReply(reply: ModelReply, options: StreamWriterOptions): Written {
  const losses = new Losses()
  const body = defined({
    candidates: reply.choices.map((choice, index) => candidateFor(choice, index, losses)),
    usageMetadata: reply.usage && usageFor(reply.usage, losses),
    modelVersion: options.model,
    responseId: options.id,
    ...losses.own(reply.extra, family),
  })
  return { body, losses: losses.list }
}

function candidateFor(choice: ReplyChoice, index: number, losses: Losses): JsonObject {
  const path = `choices/${index}`
  callsTold(choice.finish, hasCalls(choice.content), losses)
  const { content, logprobs } = choice
  if (content.some(({ type }) => type === 'refusal'))
    losses.add(path, 'changed', 'A refusal is told as text.')
  const parts = partsFor(content, { losses, path, names: new Map() })
  return defined({
    index,
    content: { role: 'model', parts },
    finishReason: finishFor(choice, losses),
    logprobsResult: logprobs && logprobsFor(logprobs, losses),
    ...losses.own(choice.extra, family, path),
  })
}
