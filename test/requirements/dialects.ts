import { rows } from './row.ts'

export const dialects = rows('issue 4 §1', {
  'M15.anthropic-client':
    'The official Anthropic client asks assistants, calls models of any protocol, streams, and counts tokens',
  'M15.anthropic-errors':
    'The Anthropic door: fails in the words of the original, before the first word and after it',
  'M15.bedrock':
    'bedrock: signs as the published examples of Signature Version 4 do, and sends an API key as it is',
  'M15.bedrock-frames':
    'bedrock: knows a damaged message by its checksums, and an exception within the stream by its kind',
  'M15.cohere-rerank': 'cohere: reranks, and gives its own shape back',
  'M15.dialect-any-split': 'Dialect kit: reads a stream the same at every split of its bytes',
  'M15.dialect-cut':
    'Dialect kit: flags a stream that is cut anywhere, and never takes it as whole',
  'M15.dialect-end-mark': 'Dialect kit: ignores what follows the end mark, a second one too',
  'M15.dialect-errors':
    'Dialect kit: understands errors of its protocol, and tells every error in words of its own',
  'M15.dialect-garbage':
    'Dialect kit: gives up on an event without end, and on garbage, and never throws',
  'M15.dialect-identity': 'Dialect kit: says who it is',
  'M15.dialect-in-band':
    'Dialect kit: fails within a stream in its own words, and never as a whole answer',
  'M15.dialect-lines': 'Dialect kit: reads every line end, comments and white space between',
  'M15.dialect-losses':
    'Dialect kit: tells whatever it is told, whole or streamed, or says what it cannot tell',
  'M15.dialect-replies': 'Dialect kit: reads recorded answers and writes them again without loss',
  'M15.dialect-requests': 'Dialect kit: reads recorded requests and writes them again without loss',
  'M15.dialect-shapes':
    'Dialect kit: refuses any other request with its place, and any other answer',
  'M15.dialect-streams': 'Dialect kit: reads recorded streams, whole at their end mark',
  'M15.dialect-tables':
    'The tables of protocols say what the dialects do: making them anew changes nothing',
  'M15.gemini':
    'gemini: goes to the Gemini API with a key, and to Vertex with a token that a signed assertion bought',
  'M15.scripted':
    'A scripted model says what the first rule that fits says, the same each time, and fails where it is told to',
  'M15.openai-relatives':
    'relatives of chat completions: Mistral’s names and ids, deployments of Azure, reranking of Hugging Face',
})
