import { rows } from './row.ts'

export const gateway = rows('issue 4', {
  'M15.door-malformed':
    'Every door for calls of models refuses malformed, compressed and foreign bodies in its own words',
  'M15.door-any-json': 'Every door answers or refuses any JSON, and never fails',
  'M15.door-deep': 'Every door bears what is nested as deep as a body is long',
  'M15.door-size': 'Bodies over the limit are answered with 413, whole, and not held in memory',
  'M15.door-chunks': 'Bodies may come in chunks, split within a character, with trailers',
  'M15.long-line': 'An event of hundreds of kilobytes passes, masked or not, and stops nothing',
  'M15.odd-streams':
    'Streams with other line ends, comments, missing and repeated end marks are whole, once',
  'M15.odd-streams-broken': 'Streams that break off in any way are told as broken, and booked so',
  'M15.no-redirects': 'A redirect is never followed, and what is no answer is none',
  'M28.odd-words-booked': 'Calls are booked whatever words an endpoint fails with',
  'M15.retry-after': 'How long to wait is told through every door',
  'M15.upstream-answers':
    'Gemini, Vertex AI, Bedrock, Cohere, Ollama, Azure OpenAI, Mistral and TGI answer through both doors, whole and streamed, masked or not, split at any byte, without a pause of the hub',
  'M15.upstream-tools': 'Endpoints of other protocols call tools, through both doors',
  'M15.upstream-lingers': 'An answer ends with its end mark, although the connection stays open',
  'M15.upstream-cut':
    'An answer of another protocol that breaks off is told as broken and booked so',
  'M15.upstream-errors':
    'An endpoint of another protocol that fails, redirects or hangs is told in the caller’s words, without a secret',
  'M15.upstream-abort': 'A caller that leaves cancels endpoints of other protocols, too',
  'M15.end-mark-ends':
    'A stream ends with its end mark, and its lingering connection is closed later',
  'M15.splice-bytes':
    'The body that is passed on: differs from the one that came by the model alone',
  'M15.splice-property': 'The body that is passed on: always says what was checked',
  'M15.splice-smuggling': 'The body that is passed on: cannot be read in two ways',
  'M15.frames-split':
    'Frames of a stream: are the same wherever the bytes are split, and lose none',
  'M15.pass-through': 'Model calls: keep every parameter and byte',
  'M15.pass-through-stream':
    'Model calls: stream to the official client, with usage only for who asks',
  'M15.cut-flagged':
    'Streams that are cut end with an error, are marked, and are no success, 100 of 100',
  'M15.abort-cancels':
    'A client that leaves cancels the upstream, 100 of 100, also before it answers',
  'M15.no-secret-in-errors': 'No secret is told, whatever an endpoint repeats',
  'M15.door-fuzz': 'Malformed bodies are refused in the words of the protocol',
  'M15.cache-bounded': 'Answers that are kept stay within their bound, each with its organization',
  'M15.cache-eviction':
    'Answers that are kept go when their time is over, the longest unused first',
  'M15.cache-flight': 'A call that several wait for is seen whole by each and ends with the last',
  'M15.cache-slow-reader': 'A slow reader of a shared call holds up the others within a bound only',
  'M15.cache-key': 'The key of a kept answer differs with every value, and not with their order',
  'M27.cache-key': 'The key of a kept answer differs with organization, version and rights',
  'M15.cache-bypass': 'Requests that act, or cannot be told apart, go past the cache',
  'M15.cache-exact': 'Kept answers are given again byte for byte, whole and as a stream',
  'M26.cache-saved': 'A kept answer costs nothing and says what it saved',
  'M15.cache-doors': 'Kept answers reach both chat doors, and the official client',
  'M15.cache-off': 'Nothing is kept where no resource says so',
  'M15.cache-control': 'Callers decide by cache-control',
  'M15.cache-whole': 'Only whole answers are kept: cut, failed and refused ones never',
  'M27.cache-tenants': 'Kept answers never cross organizations, rights or versions',
  'M11.cache-masked': 'Kept answers hold placeholders; each caller gets their own values',
  'M15.cache-stampede': 'Many that ask the same at once make one call',
  'M15.cache-leader': 'Who waits for another’s call is answered although that one leaves or fails',
  'M26.cache-budget': 'Kept answers cost no budget',
  'M15.cache-purge': 'A purge forgets what was kept, needs a right and leaves an event',
  'M15.cache-servers': 'A purge on one server counts on all',
  'M15.same-question': 'Two questions are one where only politeness, case and marks differ',
  'M15.same-question-differs':
    'Two questions are two where a number, date, name, denial, contrast or word differs',
  'M15.recall':
    'An assistant gives an answer again to the same question in other words, and says why',
  'M3.recall-cited': 'An answer that is given again has its citations',
  'M15.recall-verified': 'A near question is not the same question',
  'M15.recall-bypass': 'Conversations, personal data and the caller’s word go past kept answers',
  'M27.recall': 'An assistant’s kept answers are given only for the same sight of documents',
  'M15.recall-forgets':
    'Kept answers of an assistant end with a change of documents or release, or a purge',
  'M15.translated':
    'Model calls are translated where the provider speaks another protocol, streams too',
  'M15.responses-door':
    'The Responses API: answers of models of any protocol, whole and streamed, accounted for',
  'M15.responses-pass-through':
    'The Responses API: calls pass byte by byte to an endpoint of the same protocol, which keeps nothing',
  'M15.responses-continued':
    'The Responses API: answers are continued by their id, and by references to their items',
  'M15.responses-own':
    'The Responses API: kept answers are their caller’s alone, until they are deleted or their days are over',
  'M15.responses-refused': 'The Responses API: what cannot be carried is refused by name',
  'M15.responses-errors': 'The Responses API: fails in the words of the original',
  'M15.completions-door':
    'Completions of a prompt come from models of any protocol and from assistants',
  'M15.completions-refused': 'Completions: what cannot be carried is refused by name',
  'M15.client-ai':
    'ai works unchanged by its OpenAI and Anthropic providers: text, streams, tools, structured output, errors',
  'M15.client-langchain':
    '@langchain/openai works unchanged: text, streams, tools, structured output, errors',
  'M15.client-llamaindex': 'llamaindex works unchanged: text, streams, tools, errors',
  'M15.operation-moderations': 'Moderations pass with every parameter, and are accounted for',
  'M15.operation-images':
    'Pictures are made by the model that can; what they cost is counted, estimated or unknown, never zero',
  'M15.operation-speech': 'Speech passes byte by byte, and is told as broken where it breaks off',
  'M15.operation-transcriptions': 'What is said is written down, from a form, in each format',
  'M15.operation-rerank': 'Documents are ranked by Cohere’s protocol and Hugging Face’s',
  'M15.operation-refused':
    'Calls beside chats: what is not carried is refused by name, in the words of the caller’s protocol',
  'M15.operation-rights': 'Calls beside chats hold permissions and budgets',
  'M15.operation-masking':
    'Calls beside chats: no personal data leaves, and answers are masked where a guardrail says so',
  'M15.translated-refusal': 'What another protocol cannot say is refused, never dropped',
  'M11.gateway-masking':
    'Personal data is replaced on the way out and put back on the way in, split at any place',
  'M28.calls-booked': 'The audit log holds a digest of each batch of calls',
  'M6.gateway-labels':
    'A call that carries a data class or region goes only where it may, also on fallback',
  'M36.gateway-hedge':
    'A hedged call is answered by the first to speak, and the other is cancelled',
  'M26.no-way-around':
    'No header and no body of a call of a model leads around budgets, labels and accounts',
  'M6.assistant-labels': 'The models of an assistant must be cleared for what its caller says, too',
  'M15.one-page':
    'The page for whoever puts Plinth before OpenAI, Anthropic and a local Ollama does what it says',
  'M15.in-process':
    'A model within this process is streamed at each door, masked, booked, and refused what it cannot do',
  'M15.route-names': 'A Route answers by its name, whoever its models are',
  'M26.usage-equals': 'The usage of a call is the provider’s own',
  'M26.budget-race':
    'Budgets: let pass what is left and no more, whoever asks at once on two servers',
  'M26.budget-window': 'Budgets: begin anew with each window, and say how long to wait',
  'M26.budget-crash': 'Budgets: get back what a server held that is gone',
  'M26.budget-alerts': 'Budgets that are soft refuse nothing, and tell when a share is reached',
  'M26.gateway-budget':
    'Budgets hold before and after a call; sums of calls and budgets do not differ',
  'M27.epochs-trusted':
    'Rights read for many requests at once are never older than what was reported as done',
  'M27.gateway-permission': 'A model call needs the permission in the model’s project',
  'M36.fallback-before-content':
    'Another model answers where the first one fails before its first content, and never after it',
})
