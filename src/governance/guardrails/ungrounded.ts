/** Sentences by which a model says that the documents do not answer: honest, and in no need of a citation. */
const patterns: readonly RegExp[] = [
  /\b(?:documents?|sources?|passages?|context|information|texts?|excerpts?|materials?|records?)\b.{0,50}\b(?:do(?:es)? not|don['’]t|doesn['’]t|did not|didn['’]t|cannot|can['’]t|lacks?)\b.{0,40}\b(?:say|mention|contain|answer|provide|specify|include|state|address|cover|discuss|indicate|describe|give|tell|have)/iu,
  /\b(?:I|we) (?:could not|couldn['’]t|cannot|can['’]t|can not|am unable to|was unable to|do not|don['’]t|did not|didn['’]t)\b.{0,30}\b(?:find|know|answer|determine|locate|see|have)\b/iu,
  /\b(?:is|are|was|were)(?: not|n['’]t)\b.{0,30}\b(?:mentioned|specified|stated|found|available|provided|covered|addressed|described|given|included)\b.{0,40}\b(?:documents?|sources?|passages?|context|text|information|materials?)\b/iu,
  /\b(?:there is|there are|contains?|provides?|has|have|with) no (?:information|mention|details?|data|indication|reference)\b|\bno (?:information|mention|details?) (?:is|are|was|about|on|of|regarding)\b/iu,
  /\bnot enough information\b|\binsufficient information\b/iu,
  /\b(?:dokumente?n?|unterlagen|quellen?|texte?n?|informationen|passagen?|auszüge)\b.{0,60}\b(?:nicht|kein(?:e[nrm]?)?)\b/iu,
  /\b(?:kann|konnte|können|konnten)\b.{0,60}\bnicht\b.{0,20}\b(?:beantworte\w*|finde\w*|gefunden|sagen|entnehmen|entnommen)\b|\bkeine (?:angaben?|informationen|hinweise)\b/iu,
  /(?:文档|文件|资料|来源|段落|文本|材料|上下文).{0,12}(?:没有|未|并未|不).{0,6}(?:提到|提及|说明|包含|回答|提供|涉及|给出)|(?:没有|未能?|无法)(?:找到|回答|确定|得知)/u,
]

/** Whether a sentence says that no answer stands in the documents. */
export function saysUnanswered(sentence: string): boolean {
  return sentence.length < 600 && patterns.some((pattern) => pattern.test(sentence))
}
