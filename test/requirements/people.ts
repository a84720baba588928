import { rows } from './row.ts'

export const people = rows('issue 3 §2', {
  'M27.backup-tenant': 'A backup of the whole server is for the organization that runs it only',
  'M27.after-errors': 'The embedded engine: goes on after statements that fail',
  'M27.bootstrap':
    'An organization: is made once, also by servers that start together, and keeps what people changed',
  'M27.built-in-roles':
    'An organization: begins with its roles as resources, its model and its project',
  'M27.console-rights':
    'The console for different people: asks for nothing that its person may not see, and says what it takes',
  'M27.conversations': 'Conversations of another are absent',
  'M27.still-reading': 'What is still being read is counted over what the asker may read',
  'M27.counts': 'Counts of bases and sources tell nothing of documents that one may not read',
  'M27.denied-rule': 'A decision: names the rule that denied, and can be recorded',
  'M27.docs':
    'docs/security/access.md: lists every permission with what it allows, and every built-in role',
  'M27.documents':
    'Who may not read a document finds, opens and is told nothing of it; absent and forbidden look the same',
  'M27.email': 'people: are known by one spelling of their address',
  'M27.every-table':
    'The schema: binds every table to its organization, in keys and by row-level security',
  'M27.foreign-project':
    'Every route of the table: with an id answers another project as for an absent one',
  'M27.foreign-route':
    'Every route of the table: with an id answers another organization as for an absent one',
  'M27.foreign-ids': 'Rights over people: treat ids of another organization as absent',
  'M27.groups':
    'Rights over people: end with the group that gave them, also for a later group of that name',
  'M27.key-format': 'secrets: are keys with a checksum that finds every single mistyped character',
  'M27.key-scopes': 'API keys: may do what both scopes and roles grant',
  'M27.key-storage': 'API keys: show their secret once and store only its HMAC',
  'M27.keys':
    'API keys: are listed for oneself, or for all with people.read; last use is written at most once a minute',
  'M27.last-owner':
    'Rights over people: keep the last owner: not unbound, not disabled, not removed with a group',
  'M27.link-once': 'Sign-in links: work once, however many use one at the same moment',
  'M27.links': 'Sign-in links: expire, end with their user, and are nothing to guess at',
  'M27.lock-order':
    'Many changes at once: never wait for each other in a circle, and leave one consistent state',
  'M27.no-escalation':
    'Rights over people: cannot be climbed: nobody grants, joins or takes over what they do not hold',
  'M27.one-session':
    'The scope of an organization: serialises concurrent units of work without mixing them',
  'M27.passwords':
    'passwords: are hashed with Argon2id, salted, and verified in any keyboard’s spelling',
  'M27.people': 'people: are listed, found, renamed, disabled and enabled',
  'M27.plans': 'The embedded engine: plans statements anew when tables grow',
  'M27.project-roles': 'Rights over people: in a project hold there only',
  'M27.projects': 'An organization: has projects',
  'M27.raw-sql-scope':
    'Production code: names the organization in every raw statement on its tables',
  'M27.repeat-rights':
    'A repeat with an Idempotency-Key is given nothing that its sender may not have now',
  'M27.reference-fuzz':
    'The fast authoriser and the reference: agree after every change, on every server, for users and keys, actions and documents',
  'M27.resend-readers':
    'Who may not read a document cannot take it over by sending it anew with other readers',
  'M27.resource-rights':
    'Rights on resources: stand in the store: kind and project decide, roles need their own permission',
  'M27.revoke-stream': 'A stream of events ends when the right to it does',
  'M27.revoke-now':
    'API keys: stop at once when revoked, expired, or their user is disabled, on every server',
  'M27.route-permission':
    'Every route declares its permission, and refuses whoever lacks just that one',
  'M27.row-security':
    'The scope of an organization: refuses a hand-written statement across organizations on a server',
  'M27.secret-type': 'secrets: do not show wherever they are written',
  'M27.scan-decides':
    'A folder decides what is there and who reads it: no act that a scan would undo',
  'M27.seed': 'people: come from a list, again and again',
  'M27.sessions': 'sessions: are listed, ended at once, and expire',
  'M27.sign-in': 'Signing in: by password starts a session, and says one word for every failure',
  'M27.sign-in-limit':
    'Signing in: is limited for an account and an address, and the limit passes with time',
  'M27.sign-in-page': 'The console in a browser: signs in by a link that works once, within 200 KB',
  'M27.sign-in-replicas':
    'Signing in: is counted once for all servers on a database, and forgotten when it no longer matters',
  'M27.sign-in-strangers':
    'Signing in: never refuses an address its first attempt, however many strangers fail elsewhere',
  'M27.sign-in-timing': 'Signing in: takes the same work for accounts that do not exist',
  'M27.stored-responses':
    'A stored answer that is kept for the Responses API is withheld from its caller, and from what continues it',
  'M27.stored-grounds':
    'A stored answer: is withheld from whoever may no longer read a document that it was made from, cited or not',
  'M27.tenant-scope': 'reading: shows nothing of another organization',
  'M27.traces': 'Traces of another are absent, or show only what their viewer may read',
  'M27.values': 'The embedded engine: gives back every value as a server does',
})
