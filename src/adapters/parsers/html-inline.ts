import type { AnyNode, Element } from 'domhandler'
import { limits } from '#kernel'
import type { BlockKind, DocumentBuilder } from './builder.ts'

/** Where a walk through a page stands. */
export interface Place {
  builder: DocumentBuilder
  depth: number
  /** Nesting of lists around. */
  list: number
  paragraph?: BlockKind
  options?: { level?: number }
}

export const dropped = new Set([
  'script',
  'style',
  'noscript',
  'template',
  'nav',
  'head',
  'iframe',
  'object',
  'embed',
  'svg',
  'canvas',
  'audio',
  'video',
  'select',
  'datalist',
  'link',
  'meta',
  'math',
])

export const blockNames = new Set([
  'address',
  'article',
  'aside',
  'blockquote',
  'body',
  'center',
  'details',
  'dd',
  'div',
  'dl',
  'dt',
  'fieldset',
  'figcaption',
  'figure',
  'footer',
  'form',
  'h1',
  'h2',
  'h3',
  'h4',
  'h5',
  'h6',
  'header',
  'hgroup',
  'hr',
  'html',
  'legend',
  'li',
  'main',
  'menu',
  'ol',
  'p',
  'pre',
  'section',
  'summary',
  'table',
  'ul',
  'caption',
])

export function isElement(node: AnyNode): node is Element {
  return node.type === 'tag' || node.type === 'script' || node.type === 'style'
}

/** Elements that no reader sees. */
export function isDropped(element: Element): boolean {
  if (dropped.has(element.name)) return true
  const { attribs } = element
  if (attribs.hidden !== undefined || attribs['aria-hidden'] === 'true') return true
  if (attribs.role === 'navigation') return true
  return /display\s*:\s*none/i.test(attribs.style ?? '')
}

/** Inline content as a reader sees it; a line break stays one. */
export function inlineText(node: AnyNode, depth: number): string {
  if (depth > limits.parserNesting * 2) throw new RangeError('Maximum call stack size exceeded')
  if (node.type === 'text') return node.data.replace(/\s+/g, ' ')
  if (!isElement(node) || isDropped(node)) return ''
  if (node.name === 'br') return '\n'
  if (node.name === 'img') return node.attribs.alt ? ` ${node.attribs.alt} ` : ''
  if (node.name === 'input') return inputText(node)
  let text = ''
  for (const child of node.children) text += inlineText(child, depth + 1)
  return blockNames.has(node.name) || node.name === 'td' ? ` ${text} ` : text
}

function inputText(node: Element): string {
  const type = node.attribs.type
  if (type === 'checkbox' || type === 'radio')
    return node.attribs.checked === undefined ? '[ ] ' : '[x] '
  return type === 'hidden' || type === 'password' ? '' : (node.attribs.value ?? '')
}

/** Text of preformatted content, with its white space. */
export function preText(node: AnyNode, depth: number): string {
  if (depth > limits.parserNesting * 2) throw new RangeError('Maximum call stack size exceeded')
  if (node.type === 'text') return node.data
  if (!isElement(node) || dropped.has(node.name)) return ''
  if (node.name === 'br') return '\n'
  return node.children.map((child) => preText(child, depth + 1)).join('')
}

/** One space between words, line breaks kept. */
export function tidy(text: string): string {
  return text
    .replace(/[^\S\n]+/g, ' ')
    .replace(/ ?\n ?/g, '\n')
    .trim()
}
