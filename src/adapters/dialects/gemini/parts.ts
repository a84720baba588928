import type { CallPart, JsonObject, MediaSource } from '#ports'
import { defined, type Fields, isObject, parsed } from '../wire/fields.ts'
import type { Losses } from '../wire/losses.ts'

export const family = 'gemini'

/** Media types by the end of an address, which must be told and is often not known. */
const types: Readonly<Record<string, string>> = {
  ...{ png: 'image/png', jpg: 'image/jpeg', jpeg: 'image/jpeg', webp: 'image/webp' },
  ...{ gif: 'image/gif', pdf: 'application/pdf', txt: 'text/plain', mp3: 'audio/mp3' },
  ...{ wav: 'audio/wav', mp4: 'video/mp4' },
}

function typeOfAddress(address: string, kind: 'image' | 'file' | 'audio'): string {
  const ending = /\.([a-z0-9]+)$/i.exec(address.split(/[?#]/)[0] ?? '')?.[1]?.toLowerCase()
  const usual = { image: 'image/jpeg', file: 'application/pdf', audio: 'audio/mp3' }
  const known = ending === undefined ? undefined : types[ending]
  return known !== undefined && kindOf(known) === kind ? known : usual[kind]
}

function kindOf(mediaType: string): 'image' | 'file' | 'audio' {
  if (mediaType.startsWith('image/')) return 'image'
  return mediaType.startsWith('audio/') ? 'audio' : 'file'
}

/** Parts of a turn. `nameCall` gives calls and results without an id one by the order of their names. */
export function partsOf(
  parts: readonly Fields[],
  nameCall: (kind: 'call' | 'result', name: string) => string,
): CallPart[] {
  return parts.flatMap((part): CallPart[] => {
    const signature = part.string('thoughtSignature')
    const signed = signature === undefined ? {} : { signedBy: family, signature }
    const text = part.string('text')
    if (text !== undefined && part.boolean('thought') === true)
      return [{ type: 'reasoning', text, ...signed }]
    const before: CallPart[] =
      signature === undefined ? [] : [{ type: 'reasoning', text: '', ...signed }]
    const read = readPart(part, text, nameCall)
    return read ? [...before, read] : before
  })
}

function readPart(
  part: Fields,
  text: string | undefined,
  nameCall: (kind: 'call' | 'result', name: string) => string,
): CallPart | undefined {
  if (text !== undefined) {
    const more = defined({ extra: part.rest(family) })
    return text === '' ? undefined : { type: 'text', text, ...more }
  }
  const call = part.object('functionCall')
  if (call) {
    const name = call.needString('name')
    const id = call.string('id') ?? nameCall('call', name)
    const input = JSON.stringify(call.plain('args') ?? {})
    return { type: 'tool-call', id, name, arguments: input }
  }
  const result = part.object('functionResponse')
  if (result) {
    const name = result.needString('name')
    const callId = result.string('id') ?? nameCall('result', name)
    return resultOf(result, callId)
  }
  return mediaOf(part) ?? { type: 'opaque', family, value: part.whole() }
}

function resultOf(result: Fields, callId: string): CallPart {
  const response = result.plain('response') ?? {}
  const keys = Object.keys(response)
  const plain = (key: string) =>
    keys.length === 1 && typeof response[key] === 'string' ? (response[key] as string) : undefined
  const failed = plain('error')
  const text = failed ?? plain('result') ?? (keys.length === 0 ? '' : JSON.stringify(response))
  const shown = (result.objects('parts') ?? []).flatMap((one) => mediaOf(one) ?? [])
  const content: CallPart[] = text === '' ? shown : [{ type: 'text', text }, ...shown]
  return defined({
    type: 'tool-result' as const,
    callId,
    content,
    isError: failed === undefined ? undefined : true,
  })
}

function mediaOf(part: Fields): CallPart | undefined {
  const inline = part.object('inlineData')
  if (inline) {
    const mediaType = inline.needString('mimeType')
    const source = { kind: 'bytes' as const, mediaType, data: inline.needString('data') }
    return { type: kindOf(mediaType), source }
  }
  const file = part.object('fileData')
  if (!file) return undefined
  const uri = file.needString('fileUri')
  const mimeType = file.string('mimeType') ?? 'application/pdf'
  const kind = kindOf(mimeType)
  const web = /^https?:/.test(uri) && !uri.includes('generativelanguage.googleapis.com')
  const source: MediaSource = web ? { kind: 'url', url: uri } : { kind: 'stored', fileId: uri }
  const usual = typeOfAddress(uri, kind) === mimeType
  return { type: kind, source, ...(usual ? {} : { extra: { family, fields: { mimeType } } }) }
}

interface At {
  losses: Losses
  path: string
  names: ReadonlyMap<string, string>
}

/** Content of a message; a signature without thoughts goes to the part after it. */
export function partsFor(content: readonly CallPart[], at: At): JsonObject[] {
  const parts: JsonObject[] = []
  let signature: string | undefined
  for (const [i, part] of content.entries()) {
    const place = { ...at, path: `${at.path}/content/${i}` }
    if (part.type === 'reasoning' && part.signedBy === family && part.text === '') {
      if (signature !== undefined) parts.push({ text: '', thoughtSignature: signature })
      signature = part.signature
      continue
    }
    const value = partFor(part, place)
    if (!value) continue
    // Thoughts have a signature of their own.
    if (signature !== undefined && part.type !== 'reasoning') value.thoughtSignature = signature
    else if (signature !== undefined) parts.push({ text: '', thoughtSignature: signature })
    signature = undefined
    parts.push(value)
  }
  if (signature !== undefined) parts.push({ text: '', thoughtSignature: signature })
  return parts
}

function partFor(part: CallPart, at: At): JsonObject | undefined {
  const { losses, path } = at
  if (part.type === 'opaque') {
    if (part.family === family) return { ...part.value }
    losses.add(path, 'meaning', `Only ${part.family} knows this content.`)
    return undefined
  }
  if (part.cache) losses.add(`${path}/cache`, 'hint', 'Prompts are cached without being asked.')
  const own = losses.own(part.extra, family, path)
  if (part.type === 'text') return part.text === '' ? undefined : { text: part.text, ...own }
  if (part.type === 'refusal') {
    losses.add(path, 'changed', 'A refusal is told as text.')
    return { text: part.text }
  }
  if (part.type === 'reasoning') return thoughtFor(part, at)
  if (part.type === 'tool-call') {
    return { functionCall: { id: part.id, name: part.name, args: argsFor(part.arguments, at) } }
  }
  if (part.type === 'tool-result') return resultFor(part, at)
  return mediaFor(part, at)
}

function thoughtFor(part: CallPart & { type: 'reasoning' }, at: At): JsonObject | undefined {
  const { text, signedBy, signature } = part
  if (signedBy === undefined || signedBy === family)
    return defined({ text, thought: true, thoughtSignature: signature })
  at.losses.add(at.path, 'changed', `Thoughts of ${signedBy} cannot be told to this one.`)
  return undefined
}

function argsFor(text: string, at: At): unknown {
  const value = text.trim() === '' ? {} : parsed(text)
  if (isObject(value)) return value
  at.losses.add(`${at.path}/arguments`, 'changed', 'Arguments that are no JSON object are wrapped.')
  return { arguments: value ?? text }
}

function resultFor(part: CallPart & { type: 'tool-result' }, at: At): JsonObject {
  const texts = part.content.flatMap((one) => (one.type === 'text' ? [one.text] : []))
  const shown = part.content.flatMap((one, i) =>
    one.type === 'text' ? [] : (partFor(one, { ...at, path: `${at.path}/content/${i}` }) ?? []),
  )
  if (texts.length > 1) at.losses.add(at.path, 'changed', 'Several texts of a tool become one.')
  const name = at.names.get(part.callId)
  if (name === undefined)
    at.losses.add(at.path, 'changed', 'Which tool gave a result is not known: its id is told.')
  return {
    functionResponse: defined({
      id: part.callId,
      name: name ?? part.callId,
      response: responseFor(texts.join('\n'), part.isError === true),
      parts: shown.length > 0 ? shown : undefined,
    }),
  }
}

function responseFor(text: string, failed: boolean): JsonObject {
  if (failed) return { error: text }
  const value = text.startsWith('{') ? parsed(text) : undefined
  const plain = isObject(value) && Object.keys(value).length > 0 && JSON.stringify(value) === text
  return plain && !('result' in value) && !('error' in value) ? value : { result: text }
}

function mediaFor(
  part: CallPart & { type: 'image' | 'file' | 'audio' },
  { losses, path }: At,
): JsonObject {
  const { source, type } = part
  if ('detail' in part && part.detail !== undefined)
    losses.add(`${path}/detail`, 'changed', 'How closely an image is looked at cannot be said.')
  if ('name' in part && part.name !== undefined)
    losses.add(`${path}/name`, 'hint', 'The name of a file is not told.')
  if (source.kind === 'bytes') {
    if (kindOf(source.mediaType) !== type)
      losses.add(path, 'changed', `A ${type} of type ${source.mediaType} is told by its type.`)
    return { inlineData: { mimeType: source.mediaType, data: source.data } }
  }
  const fileUri = source.kind === 'url' ? source.url : source.fileId
  const told = part.extra?.family === family ? part.extra.fields.mimeType : undefined
  return { fileData: { mimeType: told ?? typeOfAddress(fileUri, type), fileUri } }
}
