import { rows } from './row.ts'

export const retrieval = rows(
  'issue 3 §4',
  {
    'M3.analyse-ascii': 'analyse: reads ASCII text the quick way exactly as the Unicode way',
    'M3.analyse-forms': 'analyse: brings the forms of a word together, in each language',
    'M3.analyse-in': 'analyse: takes a language by its code, and detects one not given or known',
    'M3.analyse-languages':
      'analyse: analyses a question in every language present, each term once',
    'M3.analyse-query': 'analyse: finds a question in its passage however it is written',
    'M3.analyse-tokens':
      'analyse: gives tokens that can be joined by spaces and split again, for any text',
    'M3.at-once':
      'What is committed is findable at once; what is deleted or forbidden is gone at once',
    'M3.cli-cancel': 'ingest: offers to cancel on Ctrl-C, and says how to come back otherwise',
    'M3.cli-waits': 'jobs watch: says once why work waits that was asked for',
    'M3.cli-ingest': 'ingest: syncs a source and waits with what failed',
    'M3.cli-journey': 'The command line searches a real server',
    'M3.dense-delete': 'VectorStore: forgets, replaces and compacts without disturbing the rest',
    'M3.dense-exact':
      'VectorStore: finds exactly the best, however close the vectors lie and whatever is permitted',
    'M3.dense-refuse':
      'VectorStore: refuses a vector that does not fit, and answers an odd query with nothing',
    'M3.filter-bitmap':
      'compileFilter: gives the same documents as bitmap and document by document',
    'M3.filter-dates': 'compileFilter: means whole days by dates without a time',
    'M3.filter-types':
      'compileFilter: refuses what does not fit the declared types, and says where',
    'M3.fuse': 'fuse: scales each leg to 0..1, counts a missing chunk 0 and weighs the dense leg',
    'M3.fuse-one-leg': 'fuse: leaves one leg alone where the other is off or found nothing',
    'M3.fuse-whole': 'fuse: keeps every chunk of either leg once, in order, between 0 and 1',
    'M3.index-damage':
      'An index as parts: is refused when a byte changed, is missing or a part is gone',
    'M3.index-exact':
      'KnowledgeIndex: answers as brute force does, after any changes, in any layout',
    'M3.index-parts': 'An index as parts: is the same index when it is read again, and goes on',
    'M3.index-parts-known':
      'An index as parts: leaves out what is known already, and says what it needs',
    'M3.kernel-bytes': 'The kernel: is what compiling its source gives, byte for byte',
    'M3.language': 'detectLanguage: tells the languages of real paragraphs',
    'M3.language-short': 'detectLanguage: takes what is too short or no language for English',
    'M3.lexical-quality':
      'Lexical ranking: finds XQuAD paragraphs in several languages at a measured nDCG@10',
    'M3.metadata-types':
      'compileFilter: takes only declared fields of the declared type into the metadata',
    'M3.permission-inside':
      'Search under a permission constraint is exact, and the winners are read under it again',
    'M3.keeper':
      'The keeper of indexes: loads what nobody asked for, follows it and stores it once it rests',
    'M3.keeper-proof':
      'The keeper of indexes: builds from the rows what came out of the store other than they say',
    'M3.keeper-removed':
      'The keeper of indexes: has removed text rewritten before it is due, however little it is',
    'M3.keeper-small': 'The keeper of indexes: leaves small indexes to the rows',
    'M3.keeper-unused': 'The keeper of indexes: forgets what no base uses any more',
    'M3.stored-damage':
      'A stored index: costs time and no answer when a part of it is gone, cut or changed, and is written anew',
    'M3.stored-format':
      'A stored index: of another format is left alone, and gone when one of this format is stored',
    'M3.stored-instead':
      'A stored index: is read instead of the rows, and only what came after is read from them',
    'M3.stored-kill': 'A stored index: is the last whole one when its writer is killed anywhere',
    'M3.stored-outrun': 'A stored index: never takes the place of a newer one',
    'M3.stored-removed':
      'A stored index: does not bring back what was removed, and holds its words no longer than promised',
    'M3.stored-restore':
      'A stored index: answers as one that is built from the rows, whatever happened before and since',
    'M3.stored-writers': 'A stored index: stays whole when several processes write at once',
    'M3.workers-atomic':
      'SearchWorkers: shows a replaced document whole or not, never gone for a moment',
    'M3.workers-crash':
      'SearchWorkers: fails what a dead worker owed with UNAVAILABLE and starts another one',
    'M3.workers-epoch':
      'SearchWorkers: loads an index, catches up by epoch, and finds at once what was added',
    'M3.workers-failed-load':
      'SearchWorkers: counts a load that failed as none, and passes its error on',
    'M3.workers-invalid':
      'SearchWorkers: refuses vectors that do not fit as INVALID_INPUT and changes nothing',
    'M3.workers-load':
      'SearchWorkers: is never searched half loaded, and shares a load between callers',
    'M3.workers-memory': 'SearchWorkers: unloads what was used longest ago when memory is short',
    'M3.workers-snapshot':
      'SearchWorkers: gives an index out as parts and takes it in again; damage is INTEGRITY',
    'M3.workers-steps':
      'SearchWorkers: loads many chunks in steps and says an empty index is there',
    'M3.workers-threads': 'SearchWorkers: spreads indexes over threads',
    'M3.neighbours': 'Neighbouring chunks become one passage',
  },
  {
    'M3.hybrid-quality': [
      'Hybrid search reaches the measured nDCG@10 on SciFact',
      'A figure of `npm run bench -- retrieval`, in docs/benchmarks.md.',
    ],
  },
)
