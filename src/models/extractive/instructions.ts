/**
 * Sentences that speak to a model instead of about the subject. They are never quoted as an answer: a document
 * is evidence, not an author of instructions. The patterns ask for an order *and* its address or object, so that
 * a manual's "ignore the warning light" stays quotable.
 */
const patterns: readonly RegExp[] = [
  /\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:previous|prior|above|earlier|preceding|all|any|your|system|other|following)\b.{0,40}\b(?:instructions?|prompts?|rules?|guidelines?|directions?|context|messages?|polic(?:y|ies)|guardrails?|training|passages?|documents?|sources?)\b/iu,
  /\b(?:as|you are|act as|pretend to be|to) (?:an? |the )?(?:AI|language model|LLM|chatbot|assistant|GPT)\b.{0,60}\b(?:must|should|always|never|now|instead|please|reply|answer|respond|say|reveal|output|print)\b/iu,
  /\b(?:AI|LLM|chatbot|assistants?|language models?|copilot)s?\b.{0,60}\b(?:must|should|have to|shall|are instructed to|is instructed to|please)\b.{0,30}\b(?:ignore|reply|answer|respond|say|reveal|output|print|tell|send|recommend|state|include|approve|forward|repeat|disclose|email)\b/iu,
  /\b(?:reveal|print|output|repeat|disclose|leak|show)\b.{0,30}\b(?:system prompt|hidden prompt|your (?:instructions|prompt|rules)|initial prompt|developer message)\b/iu,
  /\byou are now\b|\bnew instructions?\s*:|\bsystem (?:prompt|message|override)\s*:|<\/?(?:system|instructions?|assistant|im_start|im_end)\b|\[\/?INST\]|\bBEGIN (?:SYSTEM|INSTRUCTIONS?)\b/iu,
  /\b(?:when|if) (?:you|an AI|the assistant|a model) (?:read|see|process|summari[sz]e|answer)s?\b.{0,60}\b(?:you must|must|always|do not|don't|instead|please|reply|say|respond)\b/iu,
  /\b(?:do not|don't|never) (?:mention|reveal|tell|disclose|cite)\b.{0,40}\b(?:the user|this instruction|these instructions|this message|this document|the passage)\b/iu,
  /\b(?:ignorier\w*|vergiss|missachte\w*|vergessen sie)\b.{0,60}\b(?:anweisung\w*|instruktion\w*|regeln?|vorgaben|prompts?|befehl\w*)\b/iu,
  /\b(?:antworte|gib|sage|schreibe|verrate|nenne)\b.{0,50}\b(?:dem nutzer|systemprompt|system-prompt|deine anweisungen|stattdessen|als ki)\b/iu,
  /(?:忽略|无视|忘记|不要理会|不用管).{0,20}(?:指令|指示|提示|规则|要求|上文|以上|之前)|(?:系统提示词?|你的指令)|你现在是|(?:作为|身为)(?:一个)?(?:AI|人工智能|助手|语言模型)/iu,
]

/** A word that each pattern needs: most sentences are done after this one look. */
const suspicious =
  /ignore|disregard|forget|override|bypass|\bAI\b|model|LLM|chatbot|assistant|GPT|copilot|prompt|instruct|you are now|system|developer|if you|when you|the user|this (?:message|document|passage)|these|the passage|ignorier|vergiss|vergessen|missachte|antworte|\bgib\b|sage|schreibe|verrate|nenne|忽略|无视|忘记|不要理会|不用管|系统提示|指令|你现在是|人工智能|助手|语言模型|<|\[/iu

/** Whether a sentence gives an order to whatever model reads it. */
export function instructsModel(sentence: string): boolean {
  return suspicious.test(sentence) && patterns.some((pattern) => pattern.test(sentence))
}
