/** What kind of answer a question asks for, and whether a sentence holds something of that kind. */
export type AnswerKind =
  | 'person'
  | 'time'
  | 'number'
  | 'money'
  | 'duration'
  | 'place'
  | 'reason'
  | 'any'

const month =
  'January|February|March|April|May|June|July|August|September|October|November|December|Januar|Februar|März|Mai|Juni|Juli|Oktober|Dezember'

/** First match wins, so the narrower question stands before the wider one. */
const questions: ReadonlyArray<[AnswerKind, RegExp]> = [
  [
    'money',
    /\b(?:how much (?:does|do|is|are|will|would|did|was|money|can|must)|what(?:'s| is| are| was)? .{0,40}\b(?:price|cost|fee|premium|salary|budget|deductible|revenue|profit|charge)s?|what .{0,60}\bcosts?\b|wie ?viel kostet|was kostet|wie (?:hoch|teuer) (?:ist|sind|war))\b|多少钱|价格|费用|(?:保费|金额|工资).{0,6}多少/iu,
  ],
  [
    'duration',
    /\b(?:how (?:long|quickly|soon|fast|often)|how many (?:days|weeks|months|years|hours|minutes)|notice period|deadline|wie (?:lange|schnell|oft)|wie viele (?:tage|wochen|monate|jahre|stunden)|welche frist)\b|多久|多长时间|几(?:天|年|个月|周|小时)|多少(?:天|年|个月|周|小时)/iu,
  ],
  [
    'number',
    /\b(?:how (?:many|much|far|tall|high|large|big|old|deep|wide)|what (?:percentage|percent|number|proportion|share|fraction)|wie ?viele?n?|wie (?:hoch|weit|groß|alt|tief)|wieviele?|welche[rsn]? (?:anzahl|zahl|prozentsatz|anteil))\b|多少|几|百分之/iu,
  ],
  [
    'time',
    /\b(?:when|(?:what|which) (?:year|date|day|month|century|decade|time)|in what year|since when|until when|wann|(?:welche[mnrs]?) (?:jahr|datum|tag|monat|jahrhundert))\b|何时|什么时候|什么时间|哪(?:一)?(?:年|天|月)|几(?:月|号|点)|日期/iu,
  ],
  [
    'place',
    /\b(?:where|(?:what|which) (?:country|city|town|state|place|region|location|continent|stadium)|wo|woher|wohin|welche[mnrs]? (?:land|stadt|ort|staat|region))\b|哪里|哪儿|何处|在哪|什么地方|哪个(?:国家|城市|地方|州)/iu,
  ],
  ['person', /\b(?:who|whom|whose|wer|wem|wen|wessen)\b|谁|哪位|何人/iu],
  [
    'reason',
    /\b(?:why|what (?:caused|causes)|what (?:was|is|were) the (?:root )?(?:cause|reason)s?|was (?:war|ist) (?:die ursache|der grund)|for what reason|warum|weshalb|wieso)\b|为什么|为何|原因/iu,
  ],
]

const signs: Record<Exclude<AnswerKind, 'any'>, RegExp> = {
  money:
    /[$€£¥₹]\s?\d|\d[\d.,\s]*(?:€|\$|£|¥|EUR\b|USD\b|GBP\b|CHF\b|euros?\b|dollars?\b|pounds?\b|cents?\b|million\b|billion\b|元|美元|欧元|万)|\b(?:EUR|USD|GBP|CHF)\s?\d/giu,
  duration:
    /(?:\d+|\b(?:one|two|three|four|five|six|seven|eight|ten|twelve|thirty|ein(?:e[nrm]?)?|zwei|drei|vier|fünf|sechs|zehn|zwölf))[\s-]*(?:business |working |calendar |Werk|Arbeits|Kalender)?(?:seconds?|minutes?|hours?|days?|weeks?|months?|quarters?|years?|decades?|Sekunden?|Minuten?|Stunden?|tagen?|Tage?n?|Wochen?|Monate?n?|Jahre?n?)\b|\b(?:daily|weekly|monthly|annually|yearly|immediately|täglich|wöchentlich|monatlich|jährlich)\b|[\d一二三四五六七八九十两]+\s?(?:个)?(?:秒|分钟|小时|天|日|周|月|年|工作日)/giu,
  number:
    /\d+|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|hundred|thousand|million|billion|half|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|hundert|tausend)\b|[一二三四五六七八九十百千万亿两]+/giu,
  time: new RegExp(
    `\\b1[0-9]{3}s?\\b|\\b20\\d\\ds?\\b|\\b(?:${month})\\b|\\b\\d{1,2}[./]\\d{1,2}[./]\\d{2,4}\\b|\\b\\d{1,2}:\\d{2}\\b|\\bcentury\\b|Jahrhundert|\\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\\b|\\d+\\s?[年月日号]|世纪`,
    'gu',
  ),
  place:
    /\b(?:in|at|near|from|to|of|into|on|bei|aus|nach|im|an)\s+(?:the |der |die |den |dem )?\p{Lu}[\p{L}-]+|位于|[\p{sc=Han}]{1,6}(?:市|省|州|国|县|镇|区|岛|洲|大学|体育场)/gu,
  person:
    /\p{Lu}[\p{L}.'’-]+(?:\s+(?:de|van|von|der|du|la|of|the|al|bin))*\s+\p{Lu}[\p{L}'’-]+|\b(?:he|she|they|team|manager|officer|department|director|er|sie|Abteilung|Leitung|Leiter(?:in)?)\b|[\p{sc=Han}]{1,5}·[\p{sc=Han}]{1,8}|(?:经理|部门|主管|总裁|团队|先生|女士|教授|博士)/gu,
  reason:
    /\b(?:because|since|due to|so that|in order to|therefore|as a result|caused?|leads? to|weil|da|wegen|aufgrund|damit|deshalb)\b|因为|由于|因此|为了|以便|导致/giu,
}

/** The kind of answer that the question's own words ask for. */
export function answerKind(question: string): AnswerKind {
  for (const [kind, pattern] of questions) if (pattern.test(question)) return kind
  return 'any'
}

/**
 * 1 where the sentence holds something of the asked kind that the question did not say itself, 0 where it
 * holds none, 0.5 where the question does not tell.
 */
export function cueMatch(kind: AnswerKind, sentence: string, question: string): number {
  if (kind === 'any') return 0.5
  const pattern = signs[kind]
  pattern.lastIndex = 0
  let tries = 0
  for (const match of sentence.matchAll(pattern)) {
    if (!question.includes(match[0])) return 1
    if (++tries > 20) break
  }
  return 0
}
