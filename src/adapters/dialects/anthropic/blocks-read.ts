import type { CacheMarker, CallPart, MediaSource } from '#ports'
import { defined, type Fields } from '../wire/fields.ts'
import { family } from './family.ts'

/** Content blocks, of requests and of answers. */
export function blocksOf(blocks: readonly Fields[]): CallPart[] {
  return blocks.map(partOf)
}

export function cacheOf(fields: Fields): CacheMarker | undefined {
  const mark = fields.object('cache_control')
  return mark && defined({ ttl: mark.string('ttl') })
}

function partOf(block: Fields): CallPart {
  const type = block.needString('type')
  const cache = cacheOf(block)
  const more = () => defined({ cache, extra: block.rest(family) })
  if (type === 'text') return { type, text: block.needString('text'), ...more() }
  if (type === 'image' || type === 'document') {
    const source = sourceOf(block.needObject('source'))
    if (!source) return { type: 'opaque', family, value: block.whole() }
    if (type === 'image') return { type, source, ...more() }
    return defined({ type: 'file' as const, source, name: block.string('title'), ...more() })
  }
  if (type === 'tool_use') {
    const id = block.needString('id')
    const name = block.needString('name')
    const input = JSON.stringify(block.raw('input') ?? {})
    return { type: 'tool-call', id, name, arguments: input, ...more() }
  }
  if (type === 'tool_result') return { ...resultOf(block), ...more() }
  if (type === 'thinking') {
    const signature = block.string('signature')
    const text = block.string('thinking') ?? ''
    return { type: 'reasoning', text, ...signed({ signature }), ...more() }
  }
  if (type === 'redacted_thinking') {
    const encrypted = block.needString('data')
    return { type: 'reasoning', text: '', ...signed({ encrypted }), ...more() }
  }
  return { type: 'opaque', family, value: block.whole() }
}

/** Thoughts that this provider recognises again. */
function signed(by: { signature?: string | undefined; encrypted?: string }) {
  const known = defined(by)
  return by.signature || by.encrypted ? { signedBy: family, ...known } : {}
}

function resultOf(block: Fields): CallPart & { type: 'tool-result' } {
  const content = block.raw('content')
  const parts: CallPart[] =
    typeof content === 'string'
      ? content === ''
        ? []
        : [{ type: 'text', text: content }]
      : blocksOf(block.objects('content') ?? [])
  return defined({
    type: 'tool-result' as const,
    callId: block.needString('tool_use_id'),
    content: parts,
    isError: block.boolean('is_error'),
  })
}

function sourceOf(source: Fields): MediaSource | undefined {
  const type = source.needString('type')
  if (type === 'url') return { kind: 'url', url: source.needString('url') }
  if (type === 'file') return { kind: 'stored', fileId: source.needString('file_id') }
  if (type === 'base64') {
    const mediaType = source.needString('media_type')
    return { kind: 'bytes', mediaType, data: source.needString('data') }
  }
  if (type !== 'text') return undefined
  const data = Buffer.from(source.needString('data'), 'utf8').toString('base64')
  return { kind: 'bytes', mediaType: 'text/plain', data }
}
