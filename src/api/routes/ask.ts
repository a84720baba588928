import type { z } from 'zod'
import { type Answered, answer, defaultAssistant, type Part } from '#apps'
import { answer as answerSchema, askEvent, askRequest, assistantPage } from '../contract/answers.ts'
import { cacheOf } from '../http/caching.ts'
import { EventStream } from '../http/events.ts'
import { problemOf } from '../http/problem.ts'
import { type Call, replied, route } from '../http/route.ts'

type Ask = z.output<typeof askRequest>

export const askRoutes = [
  route({
    method: 'GET',
    path: '/api/v1/assistants',
    permission: 'answers.ask',
    summary: 'Assistants one may ask',
    tag: 'Answers',
    response: assistantPage,
    async handler({ context }, house) {
      const snapshot = await house.answer.snapshots.get(context.organizationId)
      const first = defaultAssistant(snapshot)
      const rest = snapshot.list('Assistant').filter((one) => one !== first)
      const items = [...(first ? [first] : []), ...rest].map((assistant) => ({
        name: assistant.name,
        description: assistant.spec.description,
        suggestions: [...assistant.spec.suggestions],
        knowledgeBases: [...assistant.spec.knowledgeBases],
        model: snapshot.resolve('Route', assistant.spec.route)?.spec.models[0] ?? null,
      }))
      return { items, nextCursor: null }
    },
  }),
  route({
    method: 'POST',
    path: '/api/v1/ask',
    permission: 'answers.ask',
    summary: 'Ask a question; with `stream` the answer comes as server-sent events',
    tag: 'Answers',
    body: askRequest,
    response: answerSchema,
    events: askEvent,
    // Nothing of the question is read: what is kept is that one was asked, with a trace, as at every door for questions.
    refuse: (context, house) => drain(answer({ text: '', save: false }, context, house.answer)),
    async handler(call, house) {
      const accepts = call.request.headers.accept ?? ''
      const streaming = call.body.stream || accepts.includes('text/event-stream')
      const question = { ...questionOf(call.body), ...cacheOf(call) }
      const parts = answer(question, call.context, house.answer)
      if (streaming) return stream(parts, call)
      return drain(parts)
    },
  }),
]

function questionOf(body: Ask) {
  return {
    text: body.question,
    save: body.save,
    ...(body.assistant ? { assistant: body.assistant } : {}),
    ...(body.conversationId ? { conversationId: body.conversationId } : {}),
    ...(body.filter ? { filter: body.filter } : {}),
  }
}

/** Runs an answer to its end and gives what became of it; refusals of the request itself are problems. */
async function drain(parts: AsyncGenerator<Part, Answered>): Promise<Answered> {
  for (;;) {
    const next = await parts.next()
    if (next.done) return next.value
  }
}

async function stream(
  parts: AsyncGenerator<Part, Answered>,
  call: Call<unknown, unknown, Ask>,
): Promise<typeof replied> {
  // What the first part tells stands in the head, too.
  let next = await parts.next()
  const events = new EventStream(call.reply)
  try {
    for (;;) {
      if (next.done) {
        await events.send({ type: 'answer', answer: next.value }, 'answer')
        break
      }
      await events.send(next.value, next.value.type)
      next = await parts.next()
    }
  } catch (error) {
    const problem = problemOf(error, call.request.id)
    await events.send({ type: 'error', problem }, 'error')
  } finally {
    events.end()
  }
  return replied
}
