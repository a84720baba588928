import {
  conversationOf,
  itemsNamed,
  type KeptResponse,
  keepResponse,
  type Owner,
  saidIn,
} from '#apps'
import { PlinthError } from '#kernel'
import { spliceBody } from '#models'
import type { JsonObject } from '#ports'
import type { ApiHouse } from '../../house.ts'
import { requireStillReadable, tracesIn } from '../../http/replay.ts'
import { CodedError } from './errors.ts'
import type { Around, AroundCall } from './forward.ts'
import { type Keep, KeepingStream, KeepingWhole } from './keeping.ts'

/** A request of the Responses API with all that it refers to, and what becomes of its answer. */
export interface Continued {
  /** As it may go on: the whole conversation, and nothing that the endpoint would have to keep. */
  parsed: JsonObject
  /** Differs from what was asked by more than `store`. */
  widened: boolean
  /** Absent: the answer is not kept. */
  keep?: Keep
}

/** What only the keeper of an answer could do, and is not done here. */
const refused: [name: string, is: (value: unknown) => boolean, why: string][] = [
  ['background', (value) => value === true, 'Answers are given at once.'],
  ['conversation', (value) => value != null, 'Conversations are continued by their last answer.'],
]

/**
 * Answers are kept here, for the principal that asked, whatever endpoint gave them: it is sent the whole conversation
 * and told to keep nothing. @throws INVALID_INPUT for an answer or item that is not kept; FORBIDDEN where it was made from
 * a document that the caller may not read any more
 */
export async function continued(
  parsed: JsonObject,
  owner: Owner,
  house: ApiHouse,
): Promise<Continued> {
  for (const [name, is, why] of refused) {
    if (is(parsed[name])) throw unsupported(name, why)
  }
  const { previous_response_id: previous, store = true, input, ...rest } = parsed
  if (previous != null && typeof previous !== 'string') {
    throw new PlinthError('INVALID_INPUT', {
      detail: 'previous_response_id is the id of an answer.',
      where: 'body/previous_response_id',
    })
  }
  const { items, of } = await itemsIn(input, owner, house)
  const before = previous == null ? [] : await earlier(previous, owner, house)
  const earlierOnes = [...of, ...before.map(({ response }) => response)]
  if (earlierOnes.length > 0) await requireStillReadable(house, owner, earlierOnes)
  const widened = earlierOnes.length > 0
  const whole = widened ? [...before.flatMap(saidIn), ...items] : input
  // The endpoint keeps nothing; null says as much as nothing.
  const sent = { ...rest, input: whole, store: false }
  if (store === false) return { parsed: sent, widened }
  const previousId = previous ?? undefined
  const keep: Keep = async (response) => {
    const { id } = response
    if (typeof id !== 'string' || id === '') {
      throw new PlinthError('UPSTREAM_FAILED', 'The endpoint gave its answer no id.')
    }
    const full = {
      ...response,
      ...madeFrom(response, earlierOnes),
      store: true,
      previous_response_id: previousId ?? null,
    }
    await keepResponse(house.gateway, owner, { id, previousId, input: items, response: full })
  }
  return { parsed: sent, widened, keep }
}

/** What an answer continues may hold what documents say: it can be read as long as that can. */
function madeFrom({ plinth }: JsonObject, earlierOnes: readonly JsonObject[]): JsonObject {
  const traces = tracesIn(earlierOnes)
  if (traces.length === 0) return {}
  const continues = traces.map((traceId) => ({ traceId }))
  return { plinth: { ...(plinth as JsonObject | undefined), continues } }
}

async function earlier(id: string, owner: Owner, house: ApiHouse): Promise<KeptResponse[]> {
  const found = await conversationOf(house.gateway, owner, id)
  if (found) return found
  throw new CodedError('INVALID_INPUT', 'previous_response_not_found', {
    detail: `Previous response with id '${id}' not found.`,
    where: 'body/previous_response_id',
    remedy:
      'It was not stored, was deleted with one that it continues, is too old, or is somebody else’s. Send the conversation in "input".',
  })
}

/** What is asked as items, with those in the place of references to kept ones. */
async function itemsIn(
  input: unknown,
  owner: Owner,
  house: ApiHouse,
): Promise<{ items: JsonObject[]; of: JsonObject[] }> {
  if (!Array.isArray(input)) {
    return { items: [{ type: 'message', role: 'user', content: input }], of: [] }
  }
  const ids = input.flatMap((item) => referenceIn(item) ?? [])
  if (ids.length === 0) return { items: input, of: [] }
  const found = await itemsNamed(house.gateway, owner, ids)
  const items = input.flatMap((item: JsonObject, i): JsonObject[] => {
    const id = referenceIn(item)
    if (id === undefined) return [item]
    const known = found.items.get(id)
    if (known === undefined) throw unknownItem(id, i)
    return known === null ? [] : [known]
  })
  return { items, of: found.of }
}

function referenceIn(item: unknown): string | undefined {
  const { type, id, role } = (item ?? {}) as JsonObject
  const is = type === 'item_reference' || (type == null && role === undefined)
  return is && typeof id === 'string' ? id : undefined
}

function unknownItem(id: string, at: number): PlinthError {
  return new CodedError('INVALID_INPUT', 'item_not_found', {
    detail: `Item with id '${id}' not found.`,
    where: `body/input/${at}`,
    remedy: 'Send the item itself, or ask with "store": true so that its answer is kept.',
  })
}

function unsupported(name: string, detail: string): PlinthError {
  return new CodedError('INVALID_INPUT', 'unsupported_parameter', {
    detail,
    where: `body/${name}`,
    remedy: `Leave "${name}" out.`,
  })
}

/** The same for a call that is passed on. */
export async function aroundResponse(call: AroundCall, house: ApiHouse): Promise<Around> {
  const { body, parsed, requestId } = call
  const { parsed: sent, widened, keep } = await continued(parsed, call, house)
  const unchanged = parsed.store === false && !widened
  const model = parsed.model as string
  const changes = {
    store: false,
    ...(widened ? { input: sent.input, previous_response_id: undefined } : {}),
  }
  return {
    body: unchanged ? body : spliceBody(body, parsed, { model, set: changes }),
    parsed: unchanged ? parsed : sent,
    ...(keep
      ? {
          sink: (to, raw) =>
            parsed.stream === true
              ? new KeepingStream(to, { keep, requestId })
              : new KeepingWhole(to, { raw, keep, requestId }),
        }
      : {}),
  }
}
