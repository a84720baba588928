/** A request body with another model and, where wanted, other members; everything else byte by byte as it came. */
export interface Splice {
  /** The upstream's name for the model. */
  model: string
  /** Members to add or replace at the top level. */
  set?: Readonly<Record<string, unknown>>
}

const modelKey = Buffer.from('"model"')
/** `\u006…` writes a letter from m to o, as in an escaped "model": no client does that without a purpose. */
const escapedLetter = Buffer.from('\\u006')

/**
 * Puts the upstream's model into a JSON body without writing the rest anew: measured at 2 to 3 times the parse, and
 * 0.2 ms at 110 kB. `parsed` is what JSON.parse read of `body`. Where a body could be read in two ways (two members
 * "model", escaped names), or members change that are there already, it is written anew from `parsed`, so that what
 * was checked and what is sent are never two different requests.
 */
export function spliceBody(
  body: Buffer,
  parsed: Readonly<Record<string, unknown>>,
  { model, set = {} }: Splice,
): Buffer {
  const added = Object.entries(set)
  const span = added.some(([name]) => name in parsed) ? undefined : modelSpan(body, parsed.model)
  if (!span) return Buffer.from(JSON.stringify({ ...parsed, model, ...set }))
  const members = added.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)},`)
  const open = body.indexOf(0x7b) + 1
  return Buffer.concat([
    body.subarray(0, open),
    Buffer.from(members.join('')),
    body.subarray(open, span.start),
    Buffer.from(JSON.stringify(model)),
    body.subarray(span.end),
  ])
}

/** Where the value of the only member "model" stands; undefined where that is not beyond doubt. */
function modelSpan(body: Buffer, model: unknown): { start: number; end: number } | undefined {
  const at = body.indexOf(modelKey)
  if (at < 0 || typeof model !== 'string') return undefined
  if (body.indexOf(modelKey, at + modelKey.length) >= 0) return undefined
  if (body.indexOf(escapedLetter) >= 0) return undefined
  let start = skipSpace(body, at + modelKey.length)
  if (body[start] !== 0x3a) return undefined
  start = skipSpace(body, start + 1)
  const value = Buffer.from(JSON.stringify(model))
  const end = start + value.length
  return body.subarray(start, end).equals(value) ? { start, end } : undefined
}

function skipSpace(body: Buffer, from: number): number {
  let at = from
  while (body[at] === 0x20 || body[at] === 0x0a || body[at] === 0x0d || body[at] === 0x09) at++
  return at
}
