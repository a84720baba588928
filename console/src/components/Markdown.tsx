import DOMPurify from 'dompurify'
import { Marked, type TokenizerAndRendererExtension } from 'marked'
import { type MouseEvent, useMemo } from 'react'
import { placeholder } from '../data/placeholders.ts'
import { markClose, markOpen, withTables } from './pipe-tables.ts'

export interface Mark {
  start: number
  end: number
  kind: 'evidence' | 'unsupported'
}

interface MarkdownProps {
  text: string
  /** Spans of `text` to mark, as offsets; they must not overlap. */
  marks?: Mark[]
  /** Numbers that `[n]` may refer to; others stay text. */
  cites?: Set<number>
  activeCite?: number | undefined
  onCite?: (number: number) => void
}

// Private-use characters stand for the marks while Markdown is parsed. They are removed from the text first.
const reserved = /[\uE000-\uE002]/g

const marks: TokenizerAndRendererExtension = {
  name: 'mark',
  level: 'inline',
  start: (src) => src.search(/[\uE000\uE001]/),
  tokenizer(src) {
    const match = /^([\uE000\uE001])([^\uE002]*)\uE002/.exec(src)
    if (!match) return undefined
    const [raw, mark, inner = ''] = match
    const kind = mark === markOpen.evidence ? 'evidence' : 'unsupported'
    return { type: 'mark', raw, kind, tokens: this.lexer.inlineTokens(inner) }
  },
  renderer(token) {
    const inner = this.parser.parseInline(token.tokens ?? [])
    const plain = token.kind === 'unsupported' ? ' bg-transparent text-inherit' : ''
    return `<mark class="${token.kind}${plain}">${inner}</mark>`
  },
}

const citation: TokenizerAndRendererExtension = {
  name: 'citation',
  level: 'inline',
  start: (src) => src.search(/\[\d/),
  tokenizer(src) {
    const match = /^\[(\d{1,3})\](?!\()/.exec(src)
    return match ? { type: 'citation', raw: match[0], number: match[1] } : undefined
  },
  renderer: ({ number }) =>
    `<button type="button" class="cite" data-cite="${number}">${number}</button>`,
}

// Markup in the text is text: a model or a document formats with Markdown only, and `<EMAIL_1>` stays readable.
const masked: TokenizerAndRendererExtension = {
  name: 'masked',
  level: 'inline',
  start: (src) => src.search(/<[A-Z]/),
  tokenizer(src) {
    const match = new RegExp(`^${placeholder.source}`).exec(src)
    return match ? { type: 'masked', raw: match[0] } : undefined
  },
  renderer: ({ raw }) => `<span class="masked">${escaped(raw)}</span>`,
}

const marked = new Marked(
  { gfm: true, breaks: true, renderer: { html: ({ text }) => escaped(text) } },
  { extensions: [marks, citation, masked] },
)

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/**
 * Text of a model or a document as formatted text. The only place where markup from outside enters the page: what is
 * not plain formatting is removed, images and styles included.
 */
export function Markdown({ text, marks: spans, cites, activeCite, onCite }: MarkdownProps) {
  const html = useMemo(() => {
    const parsed = marked.parse(withTables(withMarks(text, spans ?? [])), { async: false })
    return finish(parsed.replace(reserved, ''), cites ?? new Set(), activeCite)
  }, [text, spans, cites, activeCite])
  const clicked = (event: MouseEvent) => {
    const chip = (event.target as Element).closest('[data-cite]')
    if (chip) onCite?.(Number(chip.getAttribute('data-cite')))
  }
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the chips inside are buttons
    // biome-ignore lint/a11y/noStaticElementInteractions: as above
    <div
      className="prose-plinth break-words"
      onClick={clicked}
      // biome-ignore lint/security/noDangerouslySetInnerHtml: sanitised by DOMPurify just above
      dangerouslySetInnerHTML={{ __html: html }}
    />
  )
}

function withMarks(text: string, spans: Mark[]): string {
  let out = ''
  let at = 0
  for (const span of [...spans].sort((a, b) => a.start - b.start)) {
    if (span.start < at || span.end > text.length) continue
    out += text.slice(at, span.start).replace(reserved, '')
    out += markOpen[span.kind] + text.slice(span.start, span.end).replace(reserved, '') + markClose
    at = span.end
  }
  return out + text.slice(at).replace(reserved, '')
}

function finish(html: string, cites: Set<number>, activeCite: number | undefined): string {
  const fragment = DOMPurify.sanitize(html, {
    USE_PROFILES: { html: true },
    ADD_ATTR: ['data-cite'],
    FORBID_TAGS: ['img', 'style', 'form', 'input', 'iframe', 'video', 'audio'],
    FORBID_ATTR: ['style', 'id', 'name'],
    RETURN_DOM_FRAGMENT: true,
  })
  for (const chip of fragment.querySelectorAll('[data-cite]')) {
    const number = Number(chip.getAttribute('data-cite'))
    if (!cites.has(number)) chip.replaceWith(`[${number}]`)
    chip.setAttribute('aria-label', `Citation ${number}: open the source`)
    chip.setAttribute('data-active', String(number === activeCite))
  }
  for (const link of fragment.querySelectorAll('a')) {
    link.setAttribute('rel', 'noopener noreferrer')
    link.setAttribute('target', '_blank')
  }
  const holder = document.createElement('div')
  holder.append(fragment)
  return holder.innerHTML
}
