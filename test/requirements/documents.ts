import { rows } from './row.ts'

export const documents = rows(
  'issue 3 §3',
  {
    'M1.scan-counts': 'A scan counts each file once, however often it lists, and gives none twice',
    'M1.scan-rounds': 'A scan that is joined again and again ends, and no request is passed over',
    'M1.still-reading':
      'An answer says that documents are still being read, and how many of how many',
    'M1.attachments': 'Structure survives: reads an e-mail with its quote and all its attachments',
    'M1.bombs': 'Hostile documents: stops a zip bomb while it expands, whatever its header says',
    'M1.boxes': 'PDF layout: places lines in points from the top left and joins cut words',
    'M1.chunk-cap': 'chunkDocument: stays within the cap, headings aside, and counts its tokens',
    'M1.chunk-headings':
      'chunkDocument: keeps the heading path on every chunk and cuts at sections',
    'M1.chunk-limits': 'chunkDocument: cuts a single endless line in linear time',
    'M1.chunk-pages': 'chunkDocument: says on which pages a chunk stands',
    'M1.chunk-rejoin': 'chunkDocument: cuts and rejoins any document without losing a character',
    'M1.chunk-tables':
      'chunkDocument: cuts a long table between rows and repeats its header in the context only',
    'M1.chunk-whole': 'chunkDocument: does not tear tables and code that fit, nor sentences',
    'M1.csv': 'Properties of parsers: reads back any table that RFC 4180 can write',
    'M1.damage': 'Hostile documents: reads or refuses PDFs cut anywhere',
    'M1.detect': 'Hostile documents: refuses empty files, garbage and other formats, naming them',
    'M1.durable':
      'A server that is killed ten times while it reads goes on where it was: nothing lost, nothing doubled',
    'M1.encoding':
      'Hostile documents: decodes UTF-16, marked or not, and falls back to windows-1252',
    'M1.encrypted': 'Hostile documents: names an encrypted PDF and how to mend it',
    'M1.entities': 'Hostile documents: refuses entity definitions and never expands them',
    'M1.faithful':
      'Properties of parsers: keeps every character of plain text that is not white space',
    'M1.folder-source': 'A folder is read, scanned again and watched',
    'M1.forms': 'PDF layout: reads what was written into a form, beside its label',
    'M1.huge':
      'Bad files: of 60 MB in rows are read or refused by a named limit, and of 1 GB refused with it',
    'M1.isolated': 'One bad file never stops the others, and its error names file, page and reason',
    'M1.limits': 'Hostile documents: limits text, columns and pages by name',
    'M1.many-files': 'A folder of documents: of 2,000 tiny files is read whole, each once',
    'M1.names':
      'Names with Unicode tricks, path traversal and symlinks out of a folder lead nowhere',
    'M1.nesting': 'Hostile documents: limits nesting in every format that nests',
    'M1.pages': 'Against the reference conversions: finds the words of PDF files on the right page',
    'M1.pdf-east-asian':
      'Reading PDF pages: reads Chinese, Japanese and Korean without an embedded font',
    'M1.pdf-fault':
      'Reading PDF pages: gives up an instance that failed inside, and reads the next document with another',
    'M1.pdf-memory': 'Reading PDF pages: gives all memory of a document back',
    'M1.pdf-places': 'Reading PDF pages: places words on the page as it is shown, turned and cut',
    'M1.pdf-right-to-left':
      'Reading PDF pages: reads dates and numbers in text from right to left as they are meant',
    'M1.pdf-words':
      'Reading PDF pages: keeps words whole and columns apart, however they are drawn',
    'M1.parse-step': 'Parser pool with the real child: gives the step its errors and its numbers',
    'M1.parser-damage': 'Parser kit: reads damaged files correctly or refuses them by name',
    'M1.parser-deterministic': 'Parser kit: gives the same document for the same bytes',
    'M1.parser-identity': 'Parser kit: says who it is',
    'M1.parser-invariants':
      'Parser kit: reads every sample of a format, and any text, into a correct document',
    'M1.parser-refuses': 'Parser kit: refuses what is broken with a reason and a remedy',
    'M1.pdf-dates': 'Values as people see them: reads the dates of PDF files and nothing else',
    'M1.pool-abort': 'Parser pool: cancels what runs and what waits, by signal or by closing',
    'M1.pool-crash': 'Parser pool: turns a crash into an error of that file alone',
    'M1.pool-life': 'Parser pool: ends idle children, replaces worn ones, and reuses the others',
    'M1.pool-limits':
      'Parser pool: hides the environment and refuses what is too large or too much',
    'M1.pool-loop':
      'Parser pool with the real child: never holds up the event loop while it parses',
    'M1.pool-memory': 'Parser pool: kills a child that takes too much memory, heap or buffers',
    'M1.pool-real':
      'Parser pool with the real child: parses bytes and paths and leaves no file behind',
    'M1.pool-retry': 'Parser pool: tries once more when a child was killed from outside',
    'M1.pool-start': 'Parser pool: says when a child cannot start',
    'M1.pool-time': 'Parser pool: kills a child that takes too long and names file and page',
    'M1.recall': 'Against the reference conversions: finds the words of files of every format',
    'M1.removed': 'A removed file stops being answered from in the same transaction',
    'M1.retry': 'What failed is tried again when somebody asks: a document, or a whole job',
    'M1.sample-documents': 'The sample company: has about 40 documents of all formats',
    'M1.sample-parsed':
      'The questions about the sample company: find every gold passage and fact in what the parsers store',
    'M1.sample-questions':
      'The questions about the sample company: are 40: 8 without an answer, 6 for some users only',
    'M1.sample-resources':
      'The resources of the sample company: are valid and refer to what exists',
    'M1.structure':
      'Structure survives: keeps headings, lists, tables, code and quotes of Markdown',
    'M1.tables': 'PDF layout: finds tables by their columns and leaves repeated heads out',
    'M1.text': 'Text sent by the API becomes a document, with its title and metadata',
    'M1.unchanged': 'Unchanged content costs nothing; changed content becomes a new version',
    'M1.upload':
      'Files go on from where an upload broke off, are received once, and in the order in which they came',
    'M1.warnings': 'PDF layout: says which pages have no text layer',
    'M1.watch': 'A watched folder is followed: new, changed and removed files',
    'M1.wire': 'Properties of parsers: travels between processes unchanged',
    'M1.xlsx-numbers':
      'Values as people see them: shows the numbers and dates of cells as their format says',
    'M2.cli-apply': 'apply: sends a folder as one request, so that all or nothing is applied',
    'M2.cli-journey': 'The command line shows both legs of a search against a real server',
    'M2.embedder-abort': 'Embedder kit: stops when it is told to',
    'M2.embedder-close': 'Embedder kit: takes no work after it was closed, and fails what waited',
    'M2.embedder-fault':
      'The ONNX embedder: says what is wrong with a model that cannot run, and recovers nothing silently',
    'M2.embedder-idle':
      'The ONNX embedder: lets the model go when idle, and loads it again with the next text',
    'M2.embedder-integrity': 'The ONNX embedder: refuses a file that does not match its checksum',
    'M2.embedder-meaning': 'Embedder kit: puts a paraphrase nearer than another subject',
    'M2.embedder-pooling':
      'The ONNX embedder: pools token vectors itself where the graph does not, and keeps such vectors apart',
    'M2.embedder-queries-first': 'The ONNX embedder: answers a question before passages that wait',
    'M2.embedder-vectors': 'Embedder kit: gives unit vectors of its dimensions, in order',
    'M2.model-added':
      'A model added while the server runs turns the dense leg on and embeds what is there',
    'M2.models-add':
      'Models add: takes a folder, a .tar.gz and a .zip, and knows the files it has checksums of',
    'M2.models-add-faults':
      'Models add: refuses what is no working model, and leaves nothing behind',
    'M2.models-add-hub':
      'Models add: reads the hub’s layout, with what it says of length and pooling',
    'M2.models-pull':
      'Models pull: fetches through redirects, goes on after a break, verifies, and installs at once',
    'M2.models-pull-checksum': 'Models pull: installs nothing whose bytes are not the pinned ones',
    'M2.models-pull-named':
      'Models pull --sha256: fetches what is in no table only against checksums that the caller names',
    'M2.models-pull-resume':
      'Models pull: keeps what arrived when it fails, and a later pull goes on from there',
    'M1.upload-freed':
      'The quota of an organization: gets back the room of removed documents, whenever the work is killed',
    'M1.upload-quota':
      'The quota of an organization on uploads: holds against many at once, counts once, gives room back, says what to do',
    'M1.upload-purge': 'Uploads that broke off a week ago are cleared away, with their bytes',
    'M1.empty-mount': 'An unmounted folder is not taken for one whose files were all removed',
    'M1.progress': 'Progress and cancel are seen and work in CLI, console and API',
  },
  {
    'M1.hundred-thousand': [
      '100,000 tiny files and a csv of 1 GB are read or refused within bounds',
      'Too long for the suite.',
    ],
  },
)
