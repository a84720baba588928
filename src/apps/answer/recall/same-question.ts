import { stopTerms } from '#kernel'

/** Similarity from which on two questions may be one: fitted by `bench/fit-same-question.ts`. */
export const sameFrom = 0.94

/** Languages whose words of denial, time and contrast are known here; in others only the same words are the same question. */
const known: ReadonlySet<string> = new Set(['en', 'de'])

const negations =
  set(`not no never none neither nor nothing nobody without except excluding exclude excluded unless
  kein keine keinen keiner keinem nicht nie niemals ohne außer ausgenommen weder`)
const times =
  set(`january february march april may june july august september october november december januar februar
  märz mai juni juli oktober dezember monday tuesday wednesday thursday friday saturday sunday montag dienstag mittwoch
  donnerstag freitag samstag sonntag today tomorrow yesterday now current currently previous former last next first second
  third before after since until during heute morgen gestern jetzt aktuell früher vor nach seit bis letzte letzten nächste
  nächsten erste ersten zweite dritte annual annually monthly weekly daily hourly year month week day hour jahr monat woche
  tag stunde`)
const numbers =
  set(`one two three four five six seven eight nine ten eleven twelve twenty thirty fifty hundred thousand
  million billion half double twice once eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf zwanzig hundert
  tausend halb doppelt einmal zweimal`)
/** What is asked for: a person, a time, a place, a reason, a quantity, a way. */
const asking: readonly (readonly [string, RegExp])[] = [
  ['who', /\b(who|whom|whose|wer|wen|wem|wessen)\b/],
  ['when', /\b(when|wann|what (?:time|date|day|year)|which (?:day|year))\b/],
  ['where', /\b(where|wo|wohin|woher|what (?:place|city|country))\b/],
  ['why', /\b(why|what (?:reason|caused)|warum|weshalb|wieso)\b/],
  [
    'quantity',
    /\bhow (?:many|much|long|often|old|far|big|large|high|tall)\b|\bwie(?: ?viele?|(?: lange| oft| hoch| groß))\b/,
  ],
  [
    'way',
    /\bhow (?:do|can|to|should|is|are|does|did|was|were)\b|\bwie (?:kann|wird|werden|soll|geht|mache?)\b/,
  ],
]
const opposites: readonly (readonly [string, string])[] = [
  ...pairs(`minimum:maximum min:max lowest:highest least:most smallest:largest smaller:larger less:more fewer:more
    shortest:longest earliest:latest begin:end start:stop start:end open:close opened:closed buy:sell bought:sold
    increase:decrease increased:decreased gain:loss profit:loss win:lose won:lost import:export employer:employee
    buyer:seller landlord:tenant lender:borrower include:exclude included:excluded allow:forbid allowed:forbidden
    accept:reject accepted:rejected approve:deny approved:denied inside:outside internal:external private:public
    domestic:foreign north:south east:west northern:southern eastern:western male:female men:women husband:wife
    parent:child teacher:student cause:effect advantage:disadvantage advantages:disadvantages up:down above:below
    enable:disable on:off add:remove create:delete incoming:outgoing debit:credit asset:liability`),
  ...pairs(`mindestens:höchstens minimal:maximal kleinste:größte weniger:mehr kaufen:verkaufen arbeitgeber:arbeitnehmer
    mieter:vermieter anfang:ende beginn:ende erlaubt:verboten innen:außen einnahmen:ausgaben`),
]

/**
 * What keeps two questions from having the same answer, although their vectors are near: numbers, dates, names, denials,
 * contrasts and what is asked for must be the same, and so must the words that carry meaning, in their order, whatever is
 * around them. Undefined: nothing that is known here.
 */
export function differenceOf(one: string, other: string, language: string): string | undefined {
  const [a, b] = [wordsOf(one), wordsOf(other)]
  if (same(a.all, b.all)) return undefined
  if (!known.has(language)) return 'words, in a language whose denials are not known here'
  if (!same(a.numbers, b.numbers)) return 'numbers'
  if (a.denies !== b.denies) return 'negation'
  if (!same(a.times, b.times)) return 'dates'
  if (!same(a.names, b.names)) return 'names'
  if (!same(a.asks, b.asks)) return 'what is asked for'
  const contrast = opposites.some(
    ([x, y]) => (a.has.has(x) && b.has.has(y)) || (a.has.has(y) && b.has.has(x)),
  )
  if (contrast && !same(a.all, b.all)) return 'opposites'
  if (!same(sorted(a.content), sorted(b.content))) return 'words'
  // Who does what to whom: "does A pay B" is not "does B pay A".
  return same(a.content, b.content) ? undefined : 'order'
}

function wordsOf(text: string) {
  const plain = text.normalize('NFKC').replaceAll('’', "'")
  const tokens = plain.match(/[\p{L}\p{N}]+(?:[.,:'/-][\p{L}\p{N}]+)*/gu) ?? []
  const lower = tokens.map((token) => token.toLocaleLowerCase().replace(/'s$/, ''))
  const asked = lower.join(' ')
  return {
    all: lower,
    has: new Set(lower),
    numbers: sorted(lower.filter((word) => /\p{N}/u.test(word) || numbers.has(word))),
    denies: lower.filter((word) => negations.has(word) || word.endsWith("n't")).length,
    times: sorted(lower.filter((word) => times.has(word))),
    names: sorted(lower.filter((_, i) => i > 0 && isName(tokens[i]!))),
    asks: asking.flatMap(([name, pattern]) => {
      const found = pattern.exec(asked)?.[0]
      return found === undefined ? [] : [name === 'quantity' ? found : name]
    }),
    content: lower.filter((word) => !fillers.has(word)).map(stem),
  }
}

const stopWords = stopTerms((text) => [text])
const fillers = new Set([
  ...stopWords,
  ...set(`please tell know like want need explain describe say give show list find help hello hi thanks thank kindly
    could would can may might do does did is are was were be been what which who when where why how me us exactly
    actually again just question bitte sag sagen erkläre nenne zeige kannst können könnten mir uns genau eigentlich`),
])

function isName(token: string): boolean {
  return /^\p{Lu}/u.test(token) && token !== 'I' && !stopWords.has(token.toLocaleLowerCase())
}

/** Enough of a stem that number and tense do not tell questions apart. */
function stem(word: string): string {
  return word.length <= 4
    ? word.replace(/s$/, '')
    : word.replace(/(?:ies|es|s|ed|ing|en|er|e|y)$/, '')
}

function set(words: string): ReadonlySet<string> {
  return new Set(words.split(/\s+/).filter(Boolean))
}

function pairs(words: string): [string, string][] {
  return words
    .split(/\s+/)
    .filter(Boolean)
    .map((pair) => pair.split(':') as [string, string])
}

function sorted(words: readonly string[]): string[] {
  return [...new Set(words)].sort()
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((word, i) => word === b[i])
}
