import { rows } from './row.ts'

export const resources = rows('issue 3 §2', {
  'M18.all-or-none':
    'Applying resources: applies nothing when anything is invalid, and says everything',
  'M18.all-problems': 'Reading resources: reports all problems of all files at once',
  'M18.diff':
    'The difference of two texts: holds both sides in order, and is empty only when they are equal',
  'M18.digest':
    'Applying resources: addresses a version by the digest of its content, whatever it holds',
  'M18.docs':
    'docs/use/resources.md: explains every kind and every key, and no kind that does not exist',
  'M18.dry-run': 'Applying resources: tells what a dry run would do and changes nothing',
  'M18.history':
    'Labels, history, rollback and deletion: pages history and lists, filters and finds',
  'M18.labels':
    'Labels, history, rollback and deletion: moves a label and follows it in references',
  'M18.line-numbers':
    'Reading resources: names the line of the offending key, what is wrong and what was meant',
  'M18.no-lost-update':
    'Two writers: never lose an update: a change based on an old revision is refused with the current one',
  'M18.projects': 'Applying resources: needs a project that exists',
  'M18.references':
    'Applying resources: refuses references that lead nowhere, with the line and what was meant',
  'M18.remedies':
    'Reading resources: says what belongs there, by the kind that is referred to and by what was given',
  'M18.rollback-choices': 'Command line: rollback without a version shows what one may go back to',
  'M18.rollback':
    'Labels, history, rollback and deletion: rolls back by a new revision, also what was deleted',
  'M18.source-metadata':
    'The documents of a source are read again when the metadata that it gives them changes',
  'M18.snapshot':
    'The snapshot of an organization: resolves names, labels, revisions and digests, and is frozen',
  'M18.strict-yaml':
    'Reading resources: refuses duplicate keys, duplicate resources, merge keys, tags and other YAML',
  'M18.versions':
    'Applying resources: creates, changes, and leaves alone what is the same, with an audit event each',
  'M18.yaml-bombs':
    'Reading resources: refuses bombs quickly: aliases, depth, sizes, thousands of keys and errors',
  'M18.yaml-in':
    'Reading resources: reads several documents, lists and JSON, with defaults filled in',
  'M18.yaml-thread':
    'Long files of resources: are read beside the event loop, for a limited time, with the same findings',
  'M18.yaml-roundtrip': 'Writing YAML: is read back as the same resource',
  'M23.release-digest':
    'The snapshot of an organization: gives a release whose digest moves exactly when what an assistant uses moves',
})
