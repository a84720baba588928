import type { Dialect, Loss } from '../../src/ports/index.ts'
import { callFeatures, type Feature, replyFeatures } from './features.ts'

type Signs = Record<Loss['effect'] | 'none', string>
const signs: Signs = { none: '●', hint: '○', changed: '◐', meaning: '–' }

/** The support of every dialect as Markdown: one table of requests, one of answers, and every loss in words. */
export function protocolMatrix(dialects: readonly Dialect[]): string {
  return [
    '### Requests',
    '',
    table(dialects, callFeatures, (dialect, call) => dialect.writeRequest(call).losses),
    '',
    '### Answers',
    '',
    table(dialects, replyFeatures, (dialect, reply) => dialect.writeReply(reply, options).losses),
    '',
    '### Losses in words',
    '',
    ...dialects.flatMap(inWords),
    '',
  ].join('\n')
}

const options = { model: 'm', id: 'a-1', created: 0 }

/** The worst effect of any loss. */
function signOf(losses: readonly Loss[]): string {
  for (const effect of ['meaning', 'changed', 'hint'] as const)
    if (losses.some((loss) => loss.effect === effect)) return signs[effect]
  return signs.none
}

function table<T>(
  dialects: readonly Dialect[],
  features: readonly Feature<T>[],
  lossesOf: (dialect: Dialect, value: T) => readonly Loss[],
): string {
  const head = `| | ${dialects.map(({ id }) => id).join(' | ')} |`
  const line = `|---|${dialects.map(() => ':-:|').join('')}`
  const rows = features.map(({ title, value }) => {
    const cells = dialects.map((dialect) => signOf(lossesOf(dialect, value)))
    return `| ${title} | ${cells.join(' | ')} |`
  })
  return [head, line, ...rows].join('\n')
}

function inWords(dialect: Dialect): string[] {
  const told = new Map<string, string[]>()
  const add = (title: string, losses: readonly Loss[]) => {
    for (const { detail, effect } of losses) {
      const key = `${signs[effect]} ${detail}`
      const titles = told.get(key) ?? []
      if (!titles.includes(title)) titles.push(title)
      told.set(key, titles)
    }
  }
  for (const { title, value } of callFeatures) add(title, dialect.writeRequest(value).losses)
  for (const { title, value } of replyFeatures) {
    add(`answer: ${title}`, dialect.writeReply(value, options).losses)
  }
  if (told.size === 0) return []
  const lines = [...told].map(([key, titles]) => `- ${key} *(${titles.join(', ')})*`)
  return [`**${dialect.id}**`, '', ...lines, '']
}
