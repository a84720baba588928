import { rows } from './row.ts'

export const masking = rows('issue 3 §3', {
  'M11.answer-stream':
    'Personal data that the asker may not see is masked in passages and in the stream',
  'M11.card':
    'Check digits: accepts cards of each issuer and refuses every wrong digit, length and prefix',
  'M11.check-digits': 'Check digits: accepts true numbers and refuses every wrong digit',
  'M11.direct-call':
    'A model called directly: personal data never leaves, and comes back to its caller only',
  'M11.document':
    'maskDocument: moves every span, keeps order and coverage, and masks title and metadata',
  'M11.entities': 'detect: looks only for the wanted kinds and refuses unknown ones',
  'M11.fail-closed':
    'Permission sets: without readers are read by nobody, and nobody reads without tokens',
  'M11.fast-path': 'detect: is the same at once and later, and says when it needs the lazy rules',
  'M11.given':
    'A masking base masks title, metadata and file name too, given with the document or its own',
  'M11.kinds': 'detect: finds every kind of personal data and secret that it names',
  'M11.linear': 'detect: finds the same across the windows of a long text',
  'M11.masked-names':
    'Names that a base masks: are not found out by a search, nor kept by traces from before',
  'M11.masked-traces':
    'What is recorded of a question: is masked, whoever asks and whatever the guardrail allows',
  'M11.modes': 'A base keeps personal data, names it, or masks it',
  'M11.never-minted': 'mask: leaves a placeholder alone that was never given out',
  'M11.older-version':
    'A version from before its base masked is shown to those only who may unmask',
  'M11.offsets': 'mask: maps offsets both ways',
  'M11.overlap': 'detect: takes the more specific kind, then the longer one',
  'M11.permission-sets':
    'Permission sets: are one for the same readers, whatever their order and spelling',
  'M11.placeholders': 'mask: gives the same value the same placeholder and counts per kind',
  'M11.precision': 'detect: finds nothing in text that only looks like it',
  'M11.precision-recall':
    'Detection on a public corpus: keeps its promised precision and recall on presidio-research',
  'M11.regions': 'detect: reads national phone formats of the given regions only',
  'M11.remask': 'Documents are read again when the masking of their base changes',
  'M11.roundtrip': 'mask: unmask(mask(x)) = x, also for text that looks masked already',
  'M11.seal': 'Sealer: opens what it sealed, any bytes',
  'M11.seal-binding':
    'Sealer: throws INTEGRITY where a value was moved to another organization, table, row or column',
  'M11.seal-rotation':
    'Sealer: opens with a retired key, seals with the new one, and refuses a strange one',
  'M11.seal-secrecy': 'Sealer: shows nothing of its keys',
  'M11.secrets': 'detect: ignores comments that would switch secret rules off',
  'M11.ssn': 'Check digits: follows the rules of the Social Security Administration',
  'M11.stream': 'The streaming masker: gives what masking the whole text gives, whatever the split',
  'M11.stream-output':
    'Streams of a model: masks what the model says and keeps placeholders of the scope',
  'M11.unmask-audited':
    'Masked values and originals come back only through a permitted, audited act',
  'M11.unmask-tail': 'Streams of a model: holds back only what may become a placeholder',
  'M11.vault': 'The vault: keeps each value once and gives the scope back, beyond one batch',
  'M44.masked-log': 'Questions, contexts and outputs are masked before they are stored',
})
