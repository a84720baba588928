import { rows } from './row.ts'

export const answers = rows('issue 3 §4', {
  'M4.blank-field':
    'The extractive model: does not answer with a line of a form that nobody filled in',
  'M4.citation-chinese':
    'CitationChecker: checks Chinese sentences that follow each other without a space',
  'M4.citation-exact': 'CitationChecker: gives a verbatim sentence its exact span in the document',
  'M4.citation-markers':
    'CitationChecker: drops markers that point to nothing and reads lists and ranges of markers',
  'M4.citation-quotation': 'CitationChecker: demands quotations word by word',
  'M4.citation-repair':
    'CitationChecker: finds the right passage where the model named none or another',
  'M4.citation-support':
    'CitationChecker: scores a paraphrase and demands that its numbers stand in the text',
  'M4.citation-unanswered':
    'CitationChecker: lets an honest "the documents do not say" pass without a citation',
  'M4.cited-answer': 'A question is answered with citations that open the document at the passage',
  'M4.extractive-abstains': 'The extractive model: abstains with the missing subject as the reason',
  'M4.extractive-cause':
    'The extractive model: prefers a sentence that gives the cause to a row of a table',
  'M4.extractive-checked':
    'Answers of the extractive model: pass the citation check word by word, on real paragraphs',
  'M4.extractive-company': 'The extractive model: brings what a sentence cannot be read without',
  'M4.extractive-cues':
    'The extractive model: prefers the sentence that holds the asked kind of answer',
  'M4.extractive-injection': 'The extractive model: never quotes an instruction to a model',
  'M4.extractive-languages': 'The extractive model: answers in German and Chinese',
  'M4.extractive-model':
    'protocols: turns an extraction into cited text, or an abstention with its reason',
  'M4.extractive-newest':
    'The extractive model: takes the newer of two policies that contradict each other',
  'M4.extractive-synonyms':
    'The extractive model: understands other words for the same thing, in each language',
  'M4.extractive-table': 'The extractive model: brings a row with its table header',
  'M4.extractive-verbatim':
    'The extractive model: answers with the supporting sentence, verbatim and with its place',
  'M4.ground-budget':
    'groundIn: numbers passages from one within budget and count, whatever is offered',
  'M4.ground-cut':
    'groundIn: cuts at a sentence what does not fit, and leaves out what lies within another',
  'M4.ground-untrusted':
    'promptMessages: keeps documents in the user message, fenced by a mark that none can guess',
  'M4.numbers': 'numbers: reads one number from its many notations',
  'M4.prompt-untrusted':
    'Documents reach a model as fenced data in the user message, never in a system message',
  'M4.sentences': 'splitSentences: keeps abbreviations, initials and ordinals whole',
  'M4.sentences-cover':
    'splitSentences: covers every character that is not white space, in order, for any text',
  'M4.ungrounded': 'What the readable documents do not say is said to be missing, with the reason',
  'M4.vector-rows':
    'Vectors are read from a row byte by byte as they were written, on every engine',
  'M8.citation-any-split': 'CitationChecker: says the same whatever the split of the stream',
  'M8.citation-policy': 'CitationChecker: marks, removes or withholds as the guardrail says',
  'M8.citation-stream':
    'CitationChecker: gives text out before the sentence is over where the policy allows',
  'M8.cli-ask': 'ask: streams the text, then its sources with title, page and quote',
  'M8.cli-journey': 'The command line asks a real server',
  'M8.cli-next-step': 'ask: names the closest documents and what to do where nothing answers',
  'M8.cli-sources': 'ask: names a source once, with all that is quoted from it',
  'M8.cli-table': 'AnswerText: tells each cell of a row after its header’s, and the header no more',
  'M8.cli-terminal': 'ask: lets no document steer the terminal',
  'M8.guardrail':
    'A sentence without support is marked, removed, or withholds the answer, as the guardrail says',
  'M8.ssrf':
    'The outbound client: refuses private addresses however they are written, and names that lead to them',
  'M8.ssrf-addresses': 'The outbound client: knows which addresses are public',
  'M8.ssrf-rebinding':
    'The outbound client: checks the address of every new connection, so that a name cannot change its mind',
  'M8.table-row': 'SentenceStream: keeps a table row with a question mark in one statement',
  'M19.follow-up': 'A follow-up question is understood by what was asked before',
  'M19.manage':
    'Conversations are renamed, found, exported and deleted, also while they are answered',
  'M19.marks-kept':
    'A conversation keeps which sentences of its answers no passage supports, in the console and in its export',
  'M19.parallel': 'Questions asked at once in one conversation each keep their answer',
  'M43.cli-journey': 'The command line evaluates the sample questions on a real server',
  'M43.eval-waits':
    'An evaluation asks when the documents are read, and the server says how far it is',
  'M43.eval': 'eval: scores answers, abstentions, leaks and citations of the sample questions',
  'M43.eval-interval': 'eval: gives each share its n and Wilson interval',
  'M43.feedback': 'A rating and a comment are joined to the trace of their answer',
  'M43.upload-resume':
    'upload: goes on from what the server has after a break, and ends with every byte once',
  'M4.samples': 'The forty questions of the sample company are answered as their gold passages say',
  'M8.one-pipeline': 'Every door passes the same policy and guardrails, streaming or not',
})
