import type { Analyse } from './sentences.ts'

/**
 * Words that carry grammar or only ask, in the languages that the built-in model answers. They are read through the
 * caller's analyser once, so that they match its stems whatever it does to words.
 */
const stopWords = {
  en: `a about above after again against all also am an and any are aren't as at be because been before being below
between both but by can could couldn't did didn't do does doesn't doing don't down during each etc few for from further
had has have having he her here hers herself him himself his how i if in into is isn't it its itself just let me more
most must my myself no nor not now of off on once only or other ought our ours ourselves out over own please same shall
she should so some such tell than that the their theirs them themselves then there these they this those through to too
under until up upon us very was we were what when where which while who whom whose why will with would you your yours
yourself many much know give want need explain describe
long often far get gets got back mean means meant use used someone somebody anyone happen happens happened one`,
  de: `aber alle allem allen aller alles als also am an auch auf aus bei beim bin bis bist da dabei dadurch daher damit
dann das dass dem den denn der deren des dessen die dies diese diesem diesen dieser dieses dir doch dort du durch ein
eine einem einen einer eines er es etwa euch für gegen gibt hat hatte hatten habe haben hier hinter ich ihm ihn ihnen
ihr ihre ihrem ihren ihrer im in ins ist ja jede jedem jeden jeder jedes kann kannst können könnte man mein meine mich
mir mit muss müssen nach nicht noch nun nur ob oder ohne sehr sein seine seinem seinen seiner seit sich sie sind so
soll sollen sollte über um und uns unser unsere unter vom von vor wann war waren warum was weil welche welchem welchen
welcher welches wem wen wenn wer werde werden wie wieder wieviel viel viele will wir wird wo woher wohin wollen wurde
wurden lange oft weit hoch heißt bedeutet zu zum zur zwischen bitte`,
  zh: `的 了 是 在 和 与 或 及 也 都 就 而 但 被 把 对 从 到 为 以 于 有 没有 这 那 这个 那个 这些 那些 其 之 什么 谁 哪
哪个 哪些 哪里 哪位 何 何时 何处 如何 怎么 怎样 为什么 多少 几 吗 呢 吧 啊 我 你 您 他 她 它 我们 你们 他们 请 一个 上 中 下
里 时候 是什么 需要 可以 能 会 要 多久 多长 何人`,
  fr: `à au aux avec ce ces cette comme dans de des du elle en est et eux il ils je la le les leur lui mais ne nous on
ou où par pas pour qu que quel quelle quels quelles qui quand combien comment pourquoi sa ses son sur un une vous y`,
  es: `a al como con cuál cuáles cuándo cuánto cuántos de del dónde el ella en es esta este la las lo los más no o para
pero por qué que quién se sin su sus un una y`,
} as const

const known = new WeakMap<Analyse, ReadonlySet<string>>()

/** Every stop word as this analyser writes it. Computed once per analyser. */
export function stopTerms(analyse: Analyse): ReadonlySet<string> {
  let terms = known.get(analyse)
  if (!terms) {
    const all = new Set<string>()
    for (const [language, words] of Object.entries(stopWords)) {
      for (const word of words.split(/\s+/)) {
        all.add(word)
        // A word that the analyser splits (don't) must not forbid its parts beyond grammar: they are short.
        for (const term of analyse(word, language)) all.add(term)
      }
    }
    terms = all
    known.set(analyse, terms)
  }
  return terms
}
