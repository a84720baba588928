import type { IncomingHttpHeaders } from 'node:http'
import { PlinthError, type RequestLabels } from '#kernel'

const label = /^[\w.@:/-]{1,200}$/

/** What a caller says of its call in headers. @throws INVALID_INPUT: a label that is not understood must not be lost. */
export function labelsOf(headers: IncomingHttpHeaders): RequestLabels {
  const one = (name: string): string | undefined => {
    const value = headers[name]
    if (value === undefined) return undefined
    if (typeof value === 'string' && label.test(value)) return value
    const detail = `The header ${name} is one word of letters, digits and ".", "_", "-", "@", ":", "/".`
    throw new PlinthError('INVALID_INPUT', { detail, where: `header/${name}` })
  }
  const list = (name: string): string[] | undefined => {
    const value = headers[name]
    if (value === undefined) return undefined
    return String(value)
      .split(',')
      .map((part) => part.trim().toLowerCase())
  }
  const useCase = one('x-plinth-use-case')
  const conversation = one('x-plinth-conversation')
  const language = one('x-plinth-language')
  const dataClasses = list('x-plinth-data-class')
  const regions = list('x-plinth-region')
  return {
    ...(useCase === undefined ? {} : { useCase }),
    ...(conversation === undefined ? {} : { conversation }),
    ...(language === undefined ? {} : { language }),
    ...(dataClasses === undefined ? {} : { dataClasses }),
    ...(regions === undefined ? {} : { regions }),
  }
}
