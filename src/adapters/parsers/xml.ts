import { SaxesParser } from 'saxes'
import { limits } from '#kernel'
import { overLimit, unparsable } from './failures.ts'
import { encodingOf, type ZipArchive } from './zip.ts'

/** An element with local names; `attributes` keep their written names (`r:id`). */
export interface XmlNode {
  name: string
  attributes: Record<string, string>
  children: (XmlNode | string)[]
}

export interface ElementsOptions {
  /**
   * Local names of elements whose children are handed over one by one instead of being collected.
   */
  containers: readonly string[]
  onElement: (node: XmlNode, container: string) => void
}

/**
 * Reads a part as a stream and hands over each child of the named containers as a small tree, then
 * forgets it: a sheet of a million rows costs the memory of one row. DOCTYPE is refused (no entity
 * can be defined), depth is limited.
 */
export function elementsOf(archive: ZipArchive, part: string, options: ElementsOptions): void {
  const reader = new ElementReader(`${archive.name}, ${part}`, options)
  let decoder: TextDecoder | undefined
  archive.stream(part, (chunk, final) => {
    decoder ??= new TextDecoder(encodingOf(chunk))
    reader.write(decoder.decode(chunk, { stream: !final }))
  })
  reader.close()
}

/** A whole part as one tree; for parts that are small by nature. */
export function treeOf(archive: ZipArchive, part: string): XmlNode {
  const root: XmlNode = { name: '#document', attributes: {}, children: [] }
  elementsOf(archive, part, { containers: [], onElement: (node) => root.children.push(node) })
  const first = root.children[0]
  return first && typeof first !== 'string' ? first : root
}

class ElementReader {
  private readonly parser = new SaxesParser()
  private readonly where: string
  private readonly options: ElementsOptions
  private readonly containers: Set<string>
  /** Open containers around the element that is being collected. */
  private readonly path: string[] = ['']
  private readonly open: XmlNode[] = []

  constructor(where: string, options: ElementsOptions) {
    this.where = where
    this.options = options
    this.containers = new Set(options.containers)
    this.parser.on('error', (error) => {
      throw unparsable(`A part is not well-formed XML: ${error.message}`, { where })
    })
    this.parser.on('doctype', () => {
      throw unparsable('A part declares a document type; entities are not read.', {
        where,
        remedy: 'Office documents never hold one: save the file again in its own program.',
      })
    })
    this.parser.on('opentag', (tag) =>
      this.start(tag.name, tag.attributes as Record<string, string>),
    )
    this.parser.on('text', (text) => this.open.at(-1)?.children.push(text))
    this.parser.on('cdata', (text) => this.open.at(-1)?.children.push(text))
    this.parser.on('closetag', () => this.end())
  }

  write(text: string): void {
    this.parser.write(text)
  }

  close(): void {
    this.parser.close()
  }

  private start(written: string, attributes: Record<string, string>): void {
    const name = localName(written)
    if (this.open.length === 0 && this.containers.has(name)) {
      this.path.push(name)
      return
    }
    if (this.open.length === 0 && this.path.length === 1 && this.containers.size > 0) {
      // The root and what stands beside the containers: only its containers matter.
      this.path.push(`:${name}`)
      return
    }
    if (this.open.length + this.path.length > limits.parserNesting) {
      throw overLimit('parserNesting', this.where, 'Elements are nested too deeply')
    }
    const node: XmlNode = { name, attributes, children: [] }
    this.open.at(-1)?.children.push(node)
    this.open.push(node)
  }

  private end(): void {
    const node = this.open.pop()
    if (!node) {
      this.path.pop()
      return
    }
    if (this.open.length === 0)
      this.options.onElement(node, (this.path.at(-1) ?? '').replace(':', ''))
  }
}

/** `w:p` is `p`: prefixes are free to choose, so they carry no meaning here. */
export function localName(written: string): string {
  const colon = written.indexOf(':')
  return colon < 0 ? written : written.slice(colon + 1)
}

/** An attribute by its local name; an exact name is preferred (`id` beside `r:id`). */
export function attribute(node: XmlNode | undefined, name: string): string | undefined {
  if (!node) return undefined
  const exact = node.attributes[name]
  if (exact !== undefined) return exact
  for (const key in node.attributes) {
    if (localName(key) === name) return node.attributes[key]
  }
  return undefined
}

export function elements(node: XmlNode | undefined): XmlNode[] {
  return node ? (node.children.filter((child) => typeof child !== 'string') as XmlNode[]) : []
}

export function child(node: XmlNode | undefined, name: string): XmlNode | undefined {
  return node?.children.find((c): c is XmlNode => typeof c !== 'string' && c.name === name)
}

/** Follows child names downwards. */
export function descend(node: XmlNode | undefined, ...names: string[]): XmlNode | undefined {
  let at = node
  for (const name of names) at = child(at, name)
  return at
}

/** All elements of that name below, in document order, not looking inside a match. */
export function findAll(node: XmlNode | undefined, name: string): XmlNode[] {
  const found: XmlNode[] = []
  const walk = (at: XmlNode) => {
    for (const c of at.children) {
      if (typeof c === 'string') continue
      if (c.name === name) found.push(c)
      else walk(c)
    }
  }
  if (node) walk(node)
  return found
}

/** All text below, as written. */
export function textOf(node: XmlNode | undefined): string {
  if (!node) return ''
  let text = ''
  for (const c of node.children) text += typeof c === 'string' ? c : textOf(c)
  return text
}
