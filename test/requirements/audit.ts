import { rows } from './row.ts'

export const audit = rows('issue 3 §2', {
  'M28.append-only': 'appending: lets the database refuse to change or remove what was written',
  'M28.checkpoint-file':
    'checkpoints: finds every whole note in a file, whatever a crash left between',
  'M28.checkpoint-format':
    'checkpoints: reads the example of the specification, with extension lines',
  'M28.cli-errors': 'Command line: refuses what it does not know, with where to look',
  'M28.cli-exit-codes': 'verbs: end with documented codes; every error of the server has one',
  'M28.cli-key':
    'Command line: finds the running server and the owner’s key, and gives that key to nobody else',
  'M28.cli-no-server': 'Command line: says how to start a server where none runs',
  'M28.cli-permissions': 'verbs: each declare what they need, and are documented with it',
  'M28.cli-tables': 'tables: align wide characters and are cut to the terminal only',
  'M28.consistency-proof':
    'The Merkle tree of the verifier: proves consistency as the definition does, and refuses another past',
  'M28.erase':
    'Personal data: is readable for those permitted until its subject is erased; the log verifies on',
  'M28.erase-verifies': 'The log verifies on after a person is erased',
  'M28.event-kinds':
    'The kinds of audit events: are those that docs/security/audit.md explains, word for word',
  'M28.every-route':
    'Every route of the table: that changes something leaves an event in the audit log',
  'M28.every-act': 'The log holds an event of each act, without personal data in the clear',
  'M28.export': 'exporting: gives the whole log, and any part of it, so that each verifies',
  'M28.export-verifies':
    'An export of a working server verifies offline, and no change to it goes unseen',
  'M28.gapless': 'appending: gives two writers at once one gapless sequence',
  'M28.inclusion-proof':
    'The Merkle tree of the verifier: proves inclusion as the definition does, and nothing else',
  'M28.key-rotation':
    'The checkpoint signer: goes on with a new key; exports verify with it alone, old checkpoints with both',
  'M28.list': 'reading: filters and pages, newest first',
  'M28.merkle-reference':
    'The Merkle tree of the verifier: appends in any batches to the root of the recursive definition',
  'M28.names':
    'The audit log: names who acted, and lets one ask by a name, only for who may see people',
  'M28.personal': 'people: stand in the audit log without their address in the clear',
  'M28.proof-rows':
    'The Merkle tree of the server: hands out each subtree of 256 and 65,536 leaves once, in any batches',
  'M28.proofs-stored':
    'Proofs from stored hashes: verify for events and earlier sizes of a log with stored subtrees',
  'M28.models':
    'A local model is recorded before it is fetched, and once per content when it is taken into use',
  'M28.refused-doors': 'What is recorded of a question: is the same of a refusal at every door',
  'M28.signer-outage': 'What the log says of signing: tells an outage from a log that is refused',
  'M28.retry': 'Work that is started again is recorded, with who asked for it',
  'M28.reveal': 'The audit log: shows personal data to who may, after recording it',
  'M28.rfc6962-vectors':
    'The Merkle tree of the verifier: gives the published roots of RFC 6962 implementations',
  'M28.same-transaction': 'appending: is undone with the transaction that it records',
  'M28.signed-note':
    'Signed notes: ignores signatures of unknown keys, and is refused without a known one',
  'M28.signed-note-vectors':
    'Signed notes: verifies published notes of other implementations, and signs as they do',
  'M28.signer-killed':
    'The checkpoint signer: leaves a log that verifies, killed between any two steps',
  'M28.signer-pace':
    'The checkpoint signer: signs new events within about a second while it runs, and the rest when it stops',
  'M28.signer-refuses':
    'The checkpoint signer: refuses to sign a log that was deleted, edited or shortened, and says so once',
  'M28.signer-replicas':
    'The checkpoint signer: never forks with two replicas that sign the same log at once',
  'M28.signing-key':
    'The signing key: is made once, readable by its owner only, by however many starters',
  'M28.two-trees':
    'The Merkle tree of the server: agrees with the verifier’s on leaves, frontier and root',
  'M28.verify-swapped':
    'Verifying an export: detects checkpoints that changed places, of another log, or under another key',
  'M28.verify-deleted': 'Verifying an export: detects a deleted event',
  'M28.verify-edited':
    'Verifying an export: detects an edited event, one character anywhere in its line',
  'M28.verify-forged':
    'Verifying an export: detects forged events at the end, and forged checkpoints for them',
  'M28.verify-forked':
    'Verifying an export: detects a fork by a kept checkpoint, though the fork is signed',
  'M28.verify-honest': 'Verifying an export: accepts every honest export, cut into chunks anywhere',
  'M28.verify-in-browser': 'The console in a browser: verifies the audit log in the browser itself',
  'M28.verify-memory':
    'Verifying an export: keeps its report small for a log that is wrong everywhere',
  'M28.verify-reordered':
    'Verifying an export: detects two events that changed places, numbers and all',
  'M28.verify-truncated': 'Verifying an export: detects a cut at any line, and at any character',
})
