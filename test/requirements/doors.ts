import { rows } from './row.ts'

export const doors = rows(
  'issue 3 §5',
  {},
  {
    'M40.cli': [
      'The command line does what its table of verbs says, with JSON and exit codes',
      'No test cites it yet.',
    ],
    'M40.console': [
      "The console's pages work in a real browser, in both themes, without accessibility findings",
      'No test cites it yet.',
    ],
    'M40.first-load': [
      "The console's first load is at most 200 KB gzipped",
      'No test cites it yet.',
    ],
    'M40.openapi': ['The OpenAPI document agrees with the code', 'No test cites it yet.'],
    'M40.rest': [
      'The native API serves every route of its table, with schemas, cursors and idempotency keys',
      'No test cites it yet.',
    ],
  },
)
