import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { numbers } from '../harness/random.ts'

/**
 * A made-up insurer's handbook of any size: each document is one product with terms of its own, in sections of about
 * one chunk, with facts that a question can ask for. The same in each run.
 */
const kinds = ['liability', 'travel', 'household', 'marine', 'motor', 'legal', 'dental', 'pet']
const topics = ['deductible', 'waiting period', 'notice period', 'sum insured', 'excess', 'premium']
const events = ['storm', 'burst pipe', 'theft', 'fire', 'flood', 'breakage', 'vandalism', 'hail']
const filler =
  'claim customer policy insurer damage written report handler approve payment contract renewal letter review adjust expert invoice repair replace value cover exclude limit region branch office period month year condition evidence photo witness statement police deadline reminder transfer account office process step system record archive'.split(
    ' ',
  )

function pick<T>(list: readonly T[], random: () => number): T {
  return list[Math.floor(random() * list.length)] as T
}

/** A pronounceable name out of a number, so that names differ as words do. */
function nameOf(number: number): string {
  const starts = ['Hal', 'Kes', 'Mor', 'Tal', 'Ves', 'Bren', 'Dor', 'Fen', 'Gar', 'Lin']
  const middles = ['den', 'tra', 'lo', 'vi', 'ma', 'ri', 'so', 'ne', 'ka', 'du']
  const ends = ['ford', 'wick', 'holm', 'stead', 'mere', 'gate', 'bury', 'shaw', 'ley', 'by']
  return `${starts[number % 10]}${middles[Math.floor(number / 10) % 10]}${ends[Math.floor(number / 100) % 10]}`
}

const sections = 10

/** Writes documents of ten chunks each and gives back questions about them. */
export function writeCompany(
  folder: string,
  size: { chunks: number; questions: number },
): { documents: number; questions: string[] } {
  const random = numbers(7)
  const documents = Math.ceil(size.chunks / sections)
  const questions: string[] = []
  mkdirSync(folder, { recursive: true })
  for (let i = 0; i < documents; i++) {
    const product = `${nameOf(i)} ${Math.floor(i / 1_000) + 1}`
    const parts = [`# ${product} ${pick(kinds, random)} insurance\n`]
    for (let s = 0; s < sections; s++) {
      const topic = topics[s % topics.length] as string
      const event = events[s % events.length] as string
      parts.push(section({ product, topic, event }, random))
      if (random() < size.questions / (documents * sections)) {
        questions.push(`What is the ${topic} of ${product} in case of ${event}?`)
      }
    }
    writeFileSync(join(folder, `${i}.md`), parts.join('\n'))
  }
  return { documents, questions }
}

function section(
  about: { product: string; topic: string; event: string },
  random: () => number,
): string {
  const { product, topic, event } = about
  const lines = [`## ${topic} in case of ${event}\n`]
  const amount = Math.floor(random() * 9_000) + 100
  lines.push(
    `The ${topic} of ${product} in case of ${event} is ${amount} euros or days, as agreed.`,
  )
  // About 300 tokens in all, so that one section is one chunk.
  for (let n = 0; n < 15; n++) {
    const words = Array.from({ length: 11 + Math.floor(random() * 6) }, () =>
      random() < 0.25
        ? `${pick(filler, random)}${Math.floor(200 ** random())}`
        : pick(filler, random),
    )
    const [first = '', ...rest] = words
    lines.push(`${first.charAt(0).toUpperCase()}${first.slice(1)} ${rest.join(' ')}.`)
  }
  return `${lines.join(' ')}\n`
}
