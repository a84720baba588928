import { rows } from './row.ts'

export const models = rows('issue 3 §4', {
  'M6.route': 'Routes: hold the usable models in order and say why they left others out',
  'M15.anthropic-request':
    'protocols: sends what Anthropic’s protocol asks for: system apart, turns that alternate',
  'M15.catalog': 'The catalog: opens a provider once per specification and secret',
  'M15.chat-cancel': 'Chat-model kit: cancels the upstream when its caller stops or leaves',
  'M15.chat-faults':
    'Chat-model kit: reports every fault of an upstream by its code, and never as a whole answer',
  'M15.chat-stream': 'Chat-model kit: streams text, usage and one finish',
  'M15.cli-export': 'files: writes an export whole or not at all, and overwrites nothing',
  'M15.cli-journey': 'The command line lists, adds and pulls models',
  'M15.cli-verify': 'files: verifies without any server and says what is damaged',
  'M15.notice':
    'noticeProviders: offers what the environment and the machine have, and keeps keys out of the resources',
  'M15.openai-client':
    'The official openai client lists models, chats and streams with citations, and embeds',
  'M15.openai-compatible':
    'protocols: learns which parameters an endpoint refuses and leaves them out from then on',
  'M15.openai-errors':
    'The OpenAI door: refuses and fails in the words of the original, each parameter by name',
  'M15.openai-outcomes':
    'The OpenAI door: says why it does not answer, and marks what it withholds',
  'M15.openai-request':
    'protocols: sends what OpenAI’s protocol asks for, and the key only in its header',
  'M15.outbound':
    'The outbound client: reaches what is allowed, keeps the connection, follows no redirect',
  'M15.outbound-cancel':
    'The outbound client: breaks off what is too large, and what its caller leaves',
  'M15.outbound-resume':
    'The outbound client: reads on after the first bytes, when what was awaited came while nothing was read',
  'M15.outbound-errors':
    'The outbound client: reports a cut connection as failed and never tells the headers',
  'M15.outbound-proxy': 'The outbound client: goes through a proxy, which is told no private name',
  'M15.redact': 'protocols: takes secrets and anything like a key out of what an endpoint says',
  'M15.sse': 'SseParser: reads fields, comments, several lines and every line end',
  'M15.sse-any-split':
    'SseParser: reads the same at every split of the bytes, within characters too',
  'M15.sse-limit': 'SseParser: gives up on an event that never ends',
  'M15.well-formed': 'Text of a stream is well formed and the same wherever it is split',
  'M36.cancel': 'callModel: stops at once when it is cancelled',
  'M36.client-leaves': 'A client that leaves cancels the upstream call',
  'M36.fallback':
    'callModel: takes the next model before the first text, and says which one answered',
  'M36.fallback-order': 'callModel: gives text of exactly one model whatever the others do',
  'M36.timeouts': 'Chat-model kit: waits for a slow answer that keeps coming',
  'M15.group-commit':
    'Answers that end together are committed together, each acknowledged only after its record stands',
})
