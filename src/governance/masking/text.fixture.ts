import fc from 'fast-check'

/**
 * Things that masking must cope with: values of each kind, look-alikes, beginnings of either, odd
 * characters.
 */
const samples = [
  'a.b@example.org',
  'jörg@bücher.example',
  '+49 30 901820',
  '(212) 555-0188 ext. 42',
  '020 7946 0958 office',
  'tel 785 8949',
  '4111 1111 1111 1111',
  '4111-1111\n1111-1111',
  'DE89 3704 0044 0532 0130 00',
  'gb82 west 1234 5698 7654 32',
  'SSN 536-90-4399',
  'NHS 943 476 5919',
  'RSS MRA 85T10 A562S',
  'X 1234567 L',
  '85.07.30-033.28',
  '192.168.0.17',
  '2001:db8::ff00:42:8329',
  '00:1B:44:11:3A:B7',
  'https://u:p4ss@example.org/x',
  `ghp${'_'}abcdefghijklmnopqrstuvwxyz0123456789`,
  'client_secret = "q8Zr3Lk0PwX5"',
  'Bearer 9f8e7d6c5b4a3210ffee',
  '-----BEGIN PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7bq8k2mV\nMIIEpAIBAAKCAQEA7bq8\nab=\n-----END PRIVATE KEY-----',
  '-----BEGIN',
  'PRIVATE KEY-----',
  '<EMAIL_1>',
  '<email_2>',
  '<EMAIL_',
  '<',
  '1>',
  '<CREDIT_CARD_12>',
  '<LITERAL_1>',
  '<b>',
  '&lt;',
  '<<EMAIL_1>>',
  '电话：13800138000，谢谢。',
  '😀',
  '\ud83d',
  'e\u0301',
  '1 2 3 4 5 6',
  '2024-05-17',
  '12,5 %',
  'order no. 4111111111111111',
  '| 12 | 34 |',
  'plain words go through',
  'secret',
  'key',
  'x',
  'GB',
  '@',
  '://',
  '-',
  '\n\n',
  '\t',
  'Gefällt mir',
]

/** Texts made of such pieces, joined with and without space. */
export const piecesOfText = fc
  .array(
    fc.tuple(
      fc.oneof(
        { weight: 4, arbitrary: fc.constantFrom(...samples) },
        fc.string({ unit: 'binary', maxLength: 8 }),
      ),
      fc.constantFrom(' ', '', '\n', ', '),
    ),
    {
      minLength: 1,
      maxLength: 9,
    },
  )
  .map((parts) => parts.flat().join(''))
