import { rows } from './row.ts'

export const running = rows(
  'issue 3 §1, §2, §6 to §8',
  {
    'M7.cancel': 'Durable jobs: cancels queued work at once and running work at its signal',
    'M7.children':
      'Durable jobs: parks a parent until its last child has ended, whichever ends last',
    'M7.dedupe':
      'Durable jobs: joins a live job with the same key and starts a new one after it ended',
    'M7.exactly-one-claim': 'Durable jobs: runs each of 100 jobs exactly once over three workers',
    'M7.fencing': 'Durable jobs: refuses every write of a worker that lost its lease',
    'M7.join':
      'Durable jobs: who joins work under way is never passed over, however close to its end',
    'M7.outages':
      'Jobs are not used up by what befalls them, and are taken over at once by the only process',
    'M7.resume': 'Durable jobs: reuses finished steps when another worker takes over',
    'M7.retry':
      'Durable jobs: tries faults again with a growing delay, refusals never, and gives up at the limit',
    'M9.answer-page':
      'Every answer has a page with passages, model call, checks, cost, times, audit number and release',
    'M9.bad-input':
      'Malformed requests are refused by code, place and remedy, and never become a fault',
    'M9.cli-journey': 'The command line reads what happened from a real server',
    'M9.cli-keys': 'People and keys: takes dates and times from now, in the future only',
    'M9.cursors':
      'Cursors page through a list without losing or doubling anything; others are refused',
    'M9.idempotency': 'A request with an idempotency key is done once, however it is sent again',
    'M9.sdk-address':
      'createClient: writes ids and queries into the address, and leaves out what is not given',
    'M9.sdk-problems': 'createClient: gives problems with code, remedy and findings',
    'M9.sdk-stream':
      'createClient: streams an answer, and reports an error event and a cut stream as problems',
    'M9.slow-client': 'A slow sender or reader holds up nobody else',
    'M9.sse-split': 'serverEvents: reads the same events wherever the bytes are split',
    'M32.database-silent':
      'A database that a network swallows is given up soon; one that is only slow is waited for',
    'M32.database-away':
      'A database that goes away is told as such and ends with it; nothing acknowledged is lost',
    'M32.directory-lock':
      'The lock on the data directory: refuses a second holder with who holds it, and follows a dead one',
    'M32.full-disk':
      'A full disk is told, stops no answer, and the work goes on when there is room',
    'M32.full-database': 'A database whose disk is full says so, not that it is away',
    'M32.kill': 'A server that is killed leaves nothing that fsck finds wrong',
    'M32.stop': 'Ctrl-C stops the server cleanly, with exit code 0',
    'M32.turns': 'Many answers that become ready together take a turn of the event loop each',
    'M32.upkeep': 'The embedded database keeps its statistics and uses the room of dead rows again',
    'M9.span-tree':
      'Every question and every document leaves a span tree, masked before it is stored',
  },
  {
    'M32.crash': [
      'At least 200 kill -9 lose nothing acknowledged and double nothing',
      'A figure of `npm run bench -- crash`.',
    ],
    'M32.second-start': [
      'The second start takes at most 5 seconds',
      'A figure of `npm run bench -- start`; the suite has no timed tests.',
    ],
  },
)
