import { type CheerioAPI, load } from 'cheerio'
import type { AnyNode, Element } from 'domhandler'
import { limits } from '#kernel'
import type { Parser } from '#ports'
import { DocumentBuilder } from './builder.ts'
import { decodeText } from './encoding.ts'
import { overLimit } from './failures.ts'
import {
  blockNames,
  dropped,
  inlineText,
  isDropped,
  isElement,
  type Place,
  preText,
  tidy,
} from './html-inline.ts'
import { addHtmlTable } from './html-table.ts'

/**
 * HTML: the main content in reading order. Navigation, scripts, styles and hidden parts are left
 * out.
 */
export const htmlParser: Parser = {
  version: 'parser/1',
  id: 'html/1',
  mediaTypes: ['text/html', 'application/xhtml+xml'],
  async parse(input, options = {}) {
    const head = new TextDecoder('latin1').decode(input.bytes.subarray(0, 2_048))
    const declared = /<meta[^>]+charset\s*=\s*["']?([\w-]+)/i.exec(head)?.[1]
    const decoded = decodeText(input.bytes, declared)
    const builder = new DocumentBuilder('text/html', {
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
    const $ = loadSafely(decoded.text, builder)
    readHead($, builder)
    walkBlocks(mainContent($), { builder, depth: 0, list: 0 })
    if (builder.title === undefined) builder.title = $('h1').first().text()
    return builder.finish()
  },
}

/** Adds a fragment of HTML (from Markdown or a mail) to a document that is being written. */
export function addHtml(builder: DocumentBuilder, html: string): void {
  const $ = loadSafely(html, builder)
  walkBlocks($('body')[0] ?? $.root()[0], { builder, depth: 0, list: 0 })
}

function loadSafely(html: string, builder: DocumentBuilder): CheerioAPI {
  // The tree builder takes quadratic time in depth: refuse what no page ever needs before it
  // starts.
  if (maximalDepth(html) > limits.parserNesting * 40) {
    throw overLimit('parserNesting', builder.where, 'Elements are nested too deeply')
  }
  return load(html)
}

/** A cheap upper estimate: opening minus closing tags of elements that must be closed. */
function maximalDepth(html: string): number {
  let depth = 0
  let most = 0
  for (const tag of html.matchAll(
    /<(\/?)(?:div|span|section|article|table|ul|ol|blockquote|b|i|font|a|em|strong)\b/gi,
  )) {
    depth += tag[1] === '/' ? -1 : 1
    if (depth < 0) depth = 0
    if (depth > most) most = depth
  }
  return most
}

function readHead($: CheerioAPI, builder: DocumentBuilder): void {
  const title = $('head > title').first().text() || $('meta[property="og:title"]').attr('content')
  if (title?.trim()) builder.title = title
  builder.meta('language', $('html').attr('lang'))
  builder.meta('author', $('meta[name="author"]').attr('content'))
  builder.meta('description', $('meta[name="description"]').attr('content'))
  builder.meta('keywords', $('meta[name="keywords"]').attr('content'))
  builder.meta('published', $('meta[property="article:published_time"]').attr('content'))
  builder.meta('url', $('link[rel="canonical"]').attr('href'))
}

/** The single main or article element where it holds most of the text, else the body. */
function mainContent($: CheerioAPI): AnyNode | undefined {
  const body = $('body')
  const main = $('main, [role="main"]')
  if (main.length === 1 && main.text().trim().length > 200) return main[0]
  const article = $('article')
  if (article.length === 1 && article.text().length > body.text().length * 0.5) return article[0]
  return body[0] ?? $.root()[0]
}

/** Walks block elements; runs of inline content between them become paragraphs. */
function walkBlocks(node: AnyNode | undefined, place: Place): void {
  if (!node || !('children' in node)) return
  if (place.depth > limits.parserNesting) {
    throw overLimit('parserNesting', place.builder.where, 'Elements are nested too deeply')
  }
  let inline = ''
  const flush = () => {
    place.builder.add(place.paragraph ?? 'paragraph', tidy(inline), place.options ?? {})
    inline = ''
  }
  for (const child of node.children) {
    if (child.type === 'text') inline += child.data.replace(/\s+/g, ' ')
    if (!isElement(child) || isDropped(child)) continue
    if (blockNames.has(child.name) || holdsBlock(child, 0)) {
      flush()
      walkBlock(child, { ...place, depth: place.depth + 1 })
    } else inline += inlineText(child, place.depth + 1)
  }
  flush()
}

/** Inline elements (`a`, `span`, `font`) around blocks are looked through. */
function holdsBlock(element: Element, depth: number): boolean {
  if (depth > limits.parserNesting) return false
  return element.children.some(
    (c) =>
      isElement(c) && !dropped.has(c.name) && (blockNames.has(c.name) || holdsBlock(c, depth + 1)),
  )
}

function walkBlock(element: Element, place: Place): void {
  const { builder } = place
  const heading = /^h([1-6])$/.exec(element.name)
  if (heading) {
    builder.add('heading', tidy(inlineText(element, place.depth)), { level: Number(heading[1]) })
  } else if (element.name === 'pre') {
    builder.add('code', preText(element, place.depth))
  } else if (element.name === 'ul' || element.name === 'ol' || element.name === 'menu') {
    walkList(element, place)
  } else if (element.name === 'table') {
    addHtmlTable(element, place, walkBlocks)
  } else if (element.name === 'blockquote') {
    walkBlocks(element, { ...place, paragraph: 'quote' })
  } else walkBlocks(element, place)
}

function walkList(list: Element, place: Place): void {
  const level = place.list + 1
  let number = Number.parseInt(list.attribs.start ?? '1', 10) || 1
  for (const item of list.children) {
    if (!isElement(item) || isDropped(item)) continue
    if (item.name !== 'li') {
      walkBlock(item, { ...place, depth: place.depth + 1, list: level })
      continue
    }
    const first = item.children[0]
    const marker = list.name === 'ol' ? `${number++}. ` : ''
    // The marker goes in front of whatever text comes first in the item.
    if (marker !== '' && first?.type === 'text') first.data = marker + first.data.trimStart()
    else if (marker !== '') prependText(item, marker)
    const inner = { ...place, depth: place.depth + 1, list: level, options: { level } }
    walkBlocks(item, { ...inner, paragraph: 'list-item' })
  }
}

function prependText(element: Element, text: string): void {
  let at: AnyNode | undefined = element
  for (let depth = 0; at && isElement(at) && depth < limits.parserNesting; depth++) {
    const next: AnyNode | undefined = at.children.find(
      (c) => c.type !== 'text' || c.data.trim() !== '',
    )
    if (next?.type === 'text') {
      next.data = text + next.data.trimStart()
      return
    }
    at = next
  }
}
