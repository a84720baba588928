import { rows } from './row.ts'

export const house = rows(
  'issue 3 §2',
  {
    'HOUSE.docs':
      'Tables of errors, settings and permissions agree with the code, and every page can be reached',
    'HOUSE.docs-run':
      'Commands, programs and resources in the documentation do on a running server what it says of them',
    'HOUSE.golden-schema':
      'The schema: is the golden one, on the embedded database and on a server',
    'HOUSE.import-rule':
      'The import rule: is broken in the fixture once for each of its rules, and only there',
    'HOUSE.requirements': 'Every requirement: has one id, a text and a source',
    'HOUSE.tidy': 'Sizes, names, lines, folders, files and packages follow the rules of the house',
  },
  {
    'HOUSE.start': [
      'npm start on a machine with only Node 20 and npm installs what is missing and prints address, sign-in link, model and dense leg',
      'Tried by hand from a fresh clone: a test of it would fetch all packages.',
    ],
  },
)
