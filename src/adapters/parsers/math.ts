import { attribute, child, descend, elements, textOf, type XmlNode } from './xml.ts'

/**
 * Office math (ECMA-376 part 1, 22.1) as linear LaTeX, so that a formula stays readable and
 * searchable.
 */
export function mathText(node: XmlNode): string {
  return elements(node).map(mathElement).join('').replace(/ {2,}/g, ' ')
}

function mathElement(node: XmlNode): string {
  const part = (name: string) => {
    const found = child(node, name)
    return found ? mathText(found) : ''
  }
  switch (node.name) {
    case 'r':
      return elements(node)
        .filter((c) => c.name === 't')
        .map(textOf)
        .join('')
    case 'f':
      return `\\frac{${part('num')}}{${part('den')}}`
    case 'sSup':
      return `${part('e')}^{${part('sup')}}`
    case 'sSub':
      return `${part('e')}_{${part('sub')}}`
    case 'sSubSup':
      return `${part('e')}_{${part('sub')}}^{${part('sup')}}`
    case 'rad':
      return part('deg') ? `\\sqrt[${part('deg')}]{${part('e')}}` : `\\sqrt{${part('e')}}`
    case 'nary': {
      const sign = attribute(descend(node, 'naryPr', 'chr'), 'val') ?? '∫'
      return `${nary[sign] ?? sign}_{${part('sub')}}^{${part('sup')}} ${part('e')}`
    }
    case 'd':
      return delimited(node)
    case 'func':
      return `\\${part('fName').trim()} ${part('e')}`
    case 'm':
      return matrix(node)
    case 'oMath':
    case 'oMathPara':
      return `${mathText(node)} `
    default:
      return /Pr$/.test(node.name) ? '' : mathText(node)
  }
}

const nary: Record<string, string> = {
  '∑': '\\sum',
  '∏': '\\prod',
  '∫': '\\int',
  '⋃': '\\bigcup',
  '⋂': '\\bigcap',
}

function delimited(node: XmlNode): string {
  const properties = child(node, 'dPr')
  const open = attribute(child(properties, 'begChr'), 'val') ?? '('
  const close = attribute(child(properties, 'endChr'), 'val') ?? ')'
  const inner = elements(node)
    .filter((c) => c.name === 'e')
    .map(mathText)
  return `${open}${inner.join('|')}${close}`
}

function matrix(node: XmlNode): string {
  const rows = elements(node).filter((c) => c.name === 'mr')
  return rows.map((row) => elements(row).map(mathText).join(' & ')).join(' \\\\ ')
}
