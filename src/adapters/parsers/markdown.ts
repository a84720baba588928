import { lexer, type Token, type Tokens } from 'marked'
import { limits } from '#kernel'
import type { Parser } from '#ports'
import { type BlockKind, DocumentBuilder } from './builder.ts'
import { decodeText } from './encoding.ts'
import { decodeEntities } from './entities.ts'
import { overLimit } from './failures.ts'
import { addHtml } from './html.ts'
import { writeTable } from './table-writer.ts'

/**
 * Markdown (CommonMark with GFM tables). Marks are removed, words stay; front matter becomes
 * metadata.
 */
export const markdownParser: Parser = {
  version: 'parser/1',
  id: 'markdown/1',
  mediaTypes: ['text/markdown'],
  async parse(input, options = {}) {
    const decoded = decodeText(input.bytes)
    const builder = new DocumentBuilder('text/markdown', {
      name: input.name,
      deadline: options.deadline,
    })
    if (decoded.text.length > limits.parserTextChars) {
      throw overLimit(
        'parserTextChars',
        input.name,
        `The file holds ${decoded.text.length} characters`,
      )
    }
    if (decoded.warning) builder.warn(decoded.warning)
    const body = takeFrontMatter(decoded.text.replace(/^\uFEFF/, ''), builder)
    addTokens(builder, lexer(body, { gfm: true }), { depth: 0 })
    return builder.finish()
  },
}

interface Place {
  depth: number
  /** Paragraphs inside a block quote are quotes. */
  paragraph?: BlockKind
}

/** The simple `key: value` lines of YAML front matter; nested values are left out. */
function takeFrontMatter(text: string, builder: DocumentBuilder): string {
  const found = /^---[ \t]*\r?\n([\s\S]{0,20000}?)\r?\n---[ \t]*(?:\r?\n|$)/.exec(text)
  if (!found) return text
  for (const line of (found[1] as string).split(/\r?\n/).slice(0, 100)) {
    const pair = /^([A-Za-z][\w-]{0,63}):[ \t]+(\S.*)$/.exec(line)
    if (!pair) continue
    const value = (pair[2] as string).trim().replace(/^(['"])(.*)\1$/, '$2')
    if (pair[1]?.toLowerCase() === 'title') builder.title = value
    else builder.meta(pair[1] as string, value)
  }
  return text.slice(found[0].length)
}

function addTokens(builder: DocumentBuilder, tokens: readonly Token[], place: Place): void {
  if (place.depth > limits.parserNesting) {
    throw overLimit('parserNesting', builder.where, 'Lists and quotes are nested too deeply')
  }
  for (const token of tokens) addToken(builder, token, place)
}

function addToken(builder: DocumentBuilder, token: Token, place: Place): void {
  switch (token.type) {
    case 'heading': {
      const text = inlineText(token.tokens ?? [])
      if (token.depth === 1 && builder.title === undefined && text !== '') builder.title = text
      builder.add('heading', text, { level: token.depth })
      break
    }
    case 'paragraph':
    case 'text':
      builder.add(place.paragraph ?? 'paragraph', inlineText(token.tokens ?? [token]))
      break
    case 'code':
      builder.add('code', token.text)
      break
    case 'blockquote':
      addTokens(builder, token.tokens ?? [], {
        ...place,
        depth: place.depth + 1,
        paragraph: 'quote',
      })
      break
    case 'list':
      addList(builder, token as Tokens.List, place)
      break
    case 'table':
      addTable(builder, token as Tokens.Table)
      break
    case 'html':
      addHtml(builder, token.text)
      break
    default:
      break
  }
}

function addList(builder: DocumentBuilder, list: Tokens.List, place: Place): void {
  let number = typeof list.start === 'number' ? list.start : 1
  const level = place.depth + 1
  for (const item of list.items) {
    const marker = list.ordered ? `${number++}. ` : ''
    let lead = marker + (item.task ? (item.checked ? '[x] ' : '[ ] ') : '')
    for (const token of item.tokens) {
      if (token.type === 'text' || token.type === 'paragraph') {
        const text = inlineText(token.tokens ?? [token])
        if (text.trim() === '') continue
        builder.add('list-item', lead + text, { level })
        lead = ''
      } else addToken(builder, token, { ...place, depth: level })
    }
  }
}

function addTable(builder: DocumentBuilder, table: Tokens.Table): void {
  const cell = (c: Tokens.TableCell) => inlineText(c.tokens)
  writeTable(builder, [table.header.map(cell), ...table.rows.map((row) => row.map(cell))])
}

/** What a reader sees of inline tokens: words without marks; an image is its description. */
function inlineText(tokens: readonly Token[]): string {
  let text = ''
  for (const token of tokens) {
    if (token.type === 'br') text += '\n'
    else if (token.type === 'codespan') text += token.text
    else if (token.type === 'escape') text += decodeEntities(token.text)
    else if (token.type === 'html') text += /^<br\b/i.test(token.raw) ? '\n' : ''
    else if (token.type === 'checkbox') continue
    else if ('tokens' in token && token.tokens) text += inlineText(token.tokens)
    else if ('text' in token) text += decodeEntities(token.text)
  }
  return text
}
