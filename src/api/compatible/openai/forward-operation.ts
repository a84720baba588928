import type { z } from 'zod'
import { admitOperation, modelNamed, type OperationName, type SentFile } from '#apps'
import { limits, PlinthError } from '#kernel'
import type { JsonObject } from '#ports'
import type { ApiHouse } from '../../house.ts'
import { parseJson, valid } from '../../http/input.ts'
import { labelsOf } from '../../http/labels.ts'
import type { HotCall } from '../../http/route.ts'
import { authenticateRequest } from '../../http/sign-in.ts'
import { noModel } from './chat.ts'
import { CodedError } from './errors.ts'
import { forwarded } from './forward.ts'

/** A door behind which models do something else than chat. */
export interface OperationDoor {
  door: string
  operation: OperationName
  /** Of a JSON body, or of the fields of a form. */
  body: z.ZodType
  /** The field of a form that holds a file. */
  file?: string
}

/** Answers every call: there is no other way for them. */
export async function forwardOperation(
  call: HotCall,
  house: ApiHouse,
  { door, operation, body, file }: OperationDoor,
): Promise<true> {
  const { request, reply } = call
  const found = await authenticateRequest(request, house)
  if (!('principal' in found)) throw found.refused
  const { organizationId, principal } = found
  const sent = file ? await formIn(call, file) : { parsed: parseJson(call.body) as JsonObject }
  const parsed = valid(body, sent.parsed, 'body') as JsonObject & { model: string }
  const snapshot = await house.snapshots.get(organizationId)
  const model = modelNamed(snapshot, parsed.model, house.gateway)
  if (!model) throw noModel(parsed.model)
  const labels = labelsOf(request.headers)
  const asked = { organizationId, principal, requestId: request.id, door, labels, operation }
  const admitted = await admitOperation(
    { ...asked, ...sent, parsed },
    { model, snapshot },
    house.gateway,
  )
  await forwarded(admitted, reply, {
    requestId: request.id,
    stream: false,
    // What comes last of an answer that broke off are its own bytes.
    wrap: (sink, raw) => ({ ...sink, broken: () => raw.destroy() }),
  })
  return true
}

/** Stands in the table for routes that are answered before it is asked. */
export async function onlyHot(): Promise<never> {
  throw new PlinthError('INTERNAL', 'This route is answered from its bytes.')
}

interface Form {
  parsed: JsonObject
  fields: readonly (readonly [string, string])[]
  file: SentFile
}

const maxFields = 100

/** @throws INVALID_INPUT for a body that is no form, and for one without its file. */
async function formIn({ body, request }: HotCall, fileField: string): Promise<Form> {
  const type = request.headers['content-type'] ?? ''
  let form: FormData
  try {
    const bytes = new Uint8Array(body)
    form = await new Response(bytes, { headers: { 'content-type': type } }).formData()
  } catch (error) {
    const detail = 'The body is no multipart/form-data.'
    throw new PlinthError('INVALID_INPUT', { detail, where: 'body', cause: error })
  }
  const fields: [string, string][] = []
  let file: SentFile | undefined
  for (const [name, value] of form) {
    if (fields.length >= maxFields) throw unfit(name, `A form has ${maxFields} fields at most.`)
    if (typeof value === 'string') fields.push([name, value])
    else if (name !== fileField || file) throw unfit(name, `One file is taken, in "${fileField}".`)
    else file = await fileOf(name, value)
  }
  if (!file) throw unfit(fileField, `The file "${fileField}" is required.`)
  return { parsed: Object.fromEntries(fields), fields, file }
}

async function fileOf(field: string, value: File): Promise<SentFile> {
  const bytes = new Uint8Array(await value.arrayBuffer())
  if (bytes.length === 0 || bytes.length > limits.modelBodyBytes) {
    throw unfit(field, `A file has 1 to ${limits.modelBodyBytes} bytes (modelBodyBytes).`)
  }
  return { field, name: value.name, type: value.type, bytes }
}

function unfit(name: string, detail: string): PlinthError {
  return new CodedError('INVALID_INPUT', 'invalid_value', { detail, where: `body/${name}` })
}
