import { z } from 'zod'
import type { ApiHouse } from '../../house.ts'
import { type HotCall, type Route, route } from '../../http/route.ts'
import { forwardOperation, type OperationDoor, onlyHot } from './forward-operation.ts'

const model = z.string().min(1).max(300)
/** Answers of these doors come whole. */
const whole = z.literal(false, 'streams are not offered here: leave "stream" out').nullish()

const moderationRequest = z
  .looseObject({
    model,
    input: z.union([z.string(), z.array(z.union([z.string(), z.looseObject({})])).min(1)]),
  })
  .meta({ id: 'OpenAiModerationRequest' })

const moderations = z
  .looseObject({ results: z.array(z.looseObject({})) })
  .meta({ id: 'OpenAiModerations' })

const imageRequest = z
  .looseObject({
    model,
    prompt: z.string().min(1),
    n: z.number().int().min(1).max(10).nullish(),
    stream: whole,
    partial_images: z.literal(0, 'belongs to streams, which are not offered here').nullish(),
  })
  .meta({ id: 'OpenAiImageRequest' })

const images = z.looseObject({ data: z.array(z.looseObject({})) }).meta({ id: 'OpenAiImages' })

const speechRequest = z
  .looseObject({
    model,
    input: z.string().min(1),
    stream_format: z
      .literal('audio', 'events are not offered here: "audio" comes as it is made')
      .nullish(),
  })
  .meta({ id: 'OpenAiSpeechRequest' })

const transcriptionFields = z.looseObject({
  model,
  stream: z.literal('false', 'streams are not offered here: leave "stream" out').optional(),
})

const transcription = z.looseObject({ text: z.string() }).meta({ id: 'OpenAiTranscription' })

const doors = {
  moderations: { door: 'openai.moderations', operation: 'moderation', body: moderationRequest },
  images: { door: 'openai.images', operation: 'images', body: imageRequest },
  speech: { door: 'openai.speech', operation: 'speech', body: speechRequest },
  transcriptions: {
    ...{ door: 'openai.transcriptions', operation: 'transcription' },
    ...{ body: transcriptionFields, file: 'file' },
  },
} as const satisfies Record<string, OperationDoor>

function door(
  of: OperationDoor,
  shown: Pick<Route, 'path' | 'summary' | 'body' | 'response' | 'produces' | 'consumes'>,
): Route {
  return route({
    method: 'POST',
    permission: 'signed-in',
    tag: 'OpenAI-compatible',
    ...shown,
    hot: (call: HotCall, house: ApiHouse) => forwardOperation(call, house, of),
    handler: onlyHot,
  })
}

export const operationRoutes = [
  door(doors.moderations, {
    path: '/v1/moderations',
    summary: 'Classify texts and pictures by a model (models.use), as with OpenAI',
    body: moderationRequest,
    response: moderations,
  }),
  door(doors.images, {
    path: '/v1/images/generations',
    summary: 'Make pictures by a model (models.use), as with OpenAI',
    body: imageRequest,
    response: images,
  }),
  door(doors.speech, {
    path: '/v1/audio/speech',
    summary: 'Say a text by a model (models.use), as with OpenAI',
    body: speechRequest,
    produces: 'audio/mpeg',
  }),
  door(doors.transcriptions, {
    path: '/v1/audio/transcriptions',
    summary: 'Write down what is said by a model (models.use), as with OpenAI',
    consumes: 'multipart/form-data',
    response: transcription,
  }),
]
