import { rows } from './row.ts'

export const doors = rows('issue 3 §5', {
  'M40.backup': 'backup: comes back whole: rows, objects, keys, checkpoints; fsck finds nothing',
  'M40.backup-archive': 'tar: gives back any files, however the bytes are cut',
  'M40.cli-doctor': 'doctor: asks the server, and looks at the files where none runs',
  'M40.cli-journey': 'The command line works against a real server, with exit codes',
  'M40.console':
    "The console's pages work in a real browser, in both themes, without accessibility findings",
  'M40.deep-links':
    'The address of a page: keeps what fits and drops what does not, without refusing the page',
  'M40.doctor': 'doctor: finds nothing wrong with a healthy installation',
  'M40.console-files':
    'The files of the console are those of its newest build, and nothing outside of its folder',
  'M40.first-load': "The console's first load is at most 200 KB gzipped",
  'M40.fsck': 'fsck: finds what was damaged, and how to mend it',
  'M40.marked-passage': 'partsOf: cuts a piece without losing, doubling or moving a character',
  'M40.server-away':
    'The console for different people: outlives a server that is away, and keeps what was typed',
  'M40.narrow-tables':
    'The console for different people: keeps every column of a table on a telephone, on a second line',
  'M40.no-double': 'exchangesOf: shows a stored question once while its answer is still arriving',
  'M40.openapi':
    'The OpenAPI document: describes every route, is valid, and holds for what the server answers',
  'M40.rest':
    'The native API serves every route of its table, with schemas, cursors and idempotency keys',
  'M40.restore-killed': 'restore: begins anew after one that was killed',
  'M40.restore-verifies': 'backup: refuses a changed byte in any file, and puts nothing in place',
  'M40.sdk-types':
    'The client has a method for every operation, and its types are those of the OpenAPI document',
  'M40.secret-once':
    'Keys: are made once for one Idempotency-Key, and their secret is stored nowhere',
  'M40.table-in-viewer':
    'groupsOf: keeps every block once and in order, and a table below its header',
  'M40.viewer-headings':
    'groupsOf: never lets a heading stand more than one level below the one before',
  'M40.yaml-lines': 'Small readings: finds the line in every way a problem names it',
})
