import { describe, expect, it } from 'vitest'
import { detect, detectNow } from './detect.ts'

/**
 * Each text with the one value that must be found in it, and as what. Keys are put together here so
 * that no scanner takes them for real.
 */
const join = (...parts: string[]) => parts.join('')
const found: [kind: string, value: string, text: string][] = [
  [
    'EMAIL',
    'anna.svensson+news@mail.example.co.uk',
    'Write to <anna.svensson+news@mail.example.co.uk>.',
  ],
  ['EMAIL', 'jörg@bücher.example', 'Kontakt: jörg@bücher.example, danke'],
  ['EMAIL', "o'neil@example.org", "mailto:o'neil@example.org?subject=x"],
  ['EMAIL', '用户@例子.广告', '邮箱：用户@例子.广告。'],
  ['PHONE', '+49 (0) 30 901820', 'Ruf an: +49 (0) 30 901820 bis 17 Uhr'],
  ['PHONE', '(212) 555-0188 ext. 42', 'Call (212) 555-0188 ext. 42 today.'],
  ['PHONE', '020 7946 0958', 'Our London desk: 020 7946 0958'],
  ['PHONE', '+86 138 0013 8000', '电话：+86 138 0013 8000。'],
  ['PHONE', '555-123-4567', '10115 555-123-4567'],
  ['CREDIT_CARD', '4111 1111 1111 1111', 'card 4111 1111 1111 1111 exp 12/29'],
  ['CREDIT_CARD', '3782-822463-10005', 'amex 3782-822463-10005'],
  ['CREDIT_CARD', '3530111333300000', 'jcb 3530111333300000'],
  ['CREDIT_CARD', '30569309025904', 'diners 30569309025904'],
  ['CREDIT_CARD', '6011111111111117', 'discover:6011111111111117;'],
  ['CREDIT_CARD', '2223003122003222', 'mastercard 2223003122003222'],
  ['CREDIT_CARD', '5555 5555\n5555 4444', 'card 5555 5555\n5555 4444'],
  ['IBAN', 'DE89 3704 0044 0532 0130 00', 'IBAN DE89 3704 0044 0532 0130 00 bei der Bank'],
  ['IBAN', 'gb82west12345698765432', 'iban gb82west12345698765432.'],
  ['IBAN', 'FR1420041010050500013M02606', 'FR1420041010050500013M02606'],
  [
    'IBAN',
    'MT84 MALT 0110 0001 2345 MTLC AST0 01S',
    'to MT84 MALT 0110 0001 2345 MTLC AST0 01S now',
  ],
  // Valid by mod 97 while the Belgian check digits inside are not.
  ['IBAN', 'BE98 0961 2345 6768', 'rekening BE98 0961 2345 6768'],
  ['US_SSN', '536-90-4399', 'Her SSN is 536-90-4399.'],
  ['US_SSN', '536904399', 'social security number: 536904399'],
  ['UK_NHS', '943 476 5919', 'NHS number 943 476 5919'],
  ['DE_STEUER_ID', '86 095 742 719', 'Steuer-ID: 86 095 742 719'],
  ['FR_NIR', '1 85 05 78 006 084 91', 'numéro de sécurité sociale 1 85 05 78 006 084 91'],
  ['FR_NIR', '2 69 05 2A 588 157 17', 'NIR : 2 69 05 2A 588 157 17'],
  ['IT_CODICE_FISCALE', 'RSSMRA85T10A562S', 'il codice fiscale rossi: RSSMRA85T10A562S'],
  ['ES_DNI', '12345678Z', 'DNI 12345678Z'],
  ['ES_NIE', 'X-1234567-L', 'NIE: X-1234567-L'],
  ['NL_BSN', '111222333', 'BSN 111222333'],
  ['BE_NN', '85.07.30-033.28', 'rijksregisternummer 85.07.30-033.28'],
  ['PL_PESEL', '44051401359', 'PESEL: 44051401359'],
  ['IN_AADHAAR', '2341 2341 2346', 'Aadhaar no. 2341 2341 2346'],
  ['BR_CPF', '529.982.247-25', 'CPF 529.982.247-25'],
  ['IP_ADDRESS', '192.168.178.24', 'from 192.168.178.24:443'],
  ['IP_ADDRESS', '2001:db8::ff00:42:8329', 'host 2001:db8::ff00:42:8329 answered'],
  ['IP_ADDRESS', 'fe80::1', 'via fe80::1'],
  ['MAC_ADDRESS', '00:1B:44:11:3A:B7', 'nic 00:1B:44:11:3A:B7'],
  ['MAC_ADDRESS', '001b.4411.3ab7', 'switch port 001b.4411.3ab7'],
  [
    'URL_CREDENTIALS',
    'postgres://app:hunter2@db.example.org:5432/main',
    'DATABASE_URL=postgres://app:hunter2@db.example.org:5432/main',
  ],
  [
    'URL_CREDENTIALS',
    'https://bob:s3cr3t@example.org/x?y=1',
    'see (https://bob:s3cr3t@example.org/x?y=1).',
  ],
  [
    'JWT',
    join('eyJhbGciOiJIUzI1NiJ9', '.eyJzdWIiOiIxIn0', '.c2lnbmF0dXJl'),
    join('token eyJhbGciOiJIUzI1NiJ9', '.eyJzdWIiOiIxIn0', '.c2lnbmF0dXJl end'),
  ],
  [
    'SECRET',
    join('plk_', 'a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5', '_Ab3dE9'),
    join('key plk_', 'a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5', '_Ab3dE9.'),
  ],
  [
    'SECRET',
    join('ghp', '_abcdefghijklmnopqrstuvwxyz0123456789'),
    join('export GH=ghp', '_abcdefghijklmnopqrstuvwxyz0123456789'),
  ],
  [
    'SECRET',
    join('xox', 'b-1234567890-abcdefABCDEF'),
    join('slack xox', 'b-1234567890-abcdefABCDEF'),
  ],
  ['SECRET', join('AKIA', 'Q3EGRTBN7XWZ2LMK'), join('id AKIA', 'Q3EGRTBN7XWZ2LMK,')],
  [
    'SECRET',
    'wJalrXUtnFEMI/K7MDENG/bPxRfiCYzQ8bT1vKe',
    'aws_secret_access_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzQ8bT1vKe"',
  ],
  ['SECRET', 'q8Zr3Lk0PwX5', 'client_secret: q8Zr3Lk0PwX5'],
  ['SECRET', '9f8e7d6c5b4a3210ffee', 'Authorization: Bearer 9f8e7d6c5b4a3210ffee'],
]

const clean = [
  'listens on 127.0.0.1:8080, [::1]:80 and 0.0.0.0',
  'Version 10.2.14.1 came out on 2024-05-17 at 12:30:45.',
  'Order no. 4012 8888 8888 1882 of 3 items for 12 345 678 EUR', // a card number with a wrong check digit
  'The years 2019 2020 2021 were good; 1914-1918 were not.',
  'std::vector a::b, Foo::Bar::Baz and 10:30',
  'ISBN 978-3-16-148410-0, DOI 10.1000/182, patent 123456789',
  '@alice and @bob talked; a@b, foo@localhost, 5 @ 3',
  'git clone git@github.com:org/repository.git',
  'https://example.org/user:name/@handle and https://example.org/@user',
  'postgres://user:$PASSWORD@host/db and https://{user}:{password}@host',
  'Paragraph 1.2.3.1 says so. pH 7.25-7.35, 95% CI 0.95-1.01.',
  'sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  'uuid 123e4567-e89b-12d3-a456-426614174000',
  '-----BEGIN CERTIFICATE-----\nMIIBszCCARygAwIBAgIBATANBgkqhkiG\n-----END CERTIFICATE-----',
  'password: changeme1234, token: <your token here>, api_key = process.env.API_KEY1',
]

describe('detect', () => {
  it.each(found)('finds %s "%s" [M11.kinds]', async (kind, value, text) => {
    const hits = (await detect(text)).map((f) => [f.kind, text.slice(f.start, f.end)])
    expect(hits).toEqual([[kind, value]])
  })

  it.each(clean)('finds nothing in "%s" [M11.precision]', async (text) => {
    expect(await detect(text)).toEqual([])
  })

  it('finds a private key whole, in JSON on one line, and one that was cut off [M11.kinds]', async () => {
    const line = 'MIIEpAIBAAKCAQEA7bq8k2mVb1X0pQ9rS5tU3wYzA4cD6eF8gH0iJ2kL4mN6oP8q'
    const begin = join('-----BEGIN RSA PRIV', 'ATE KEY-----')
    const end = join('-----END RSA PRIV', 'ATE KEY-----')
    const blocks = [
      `${begin}\n${line}\n${line}\nabc=\n${end}`,
      `${begin}\\n${line}\\n${line}\\n${end}`,
      `${begin}\n${line}`,
    ]
    for (const block of blocks) {
      const text = `before ${block}\n\nafter the key`
      const hits = (await detect(text)).map((f) => [f.kind, text.slice(f.start, f.end)])
      expect(hits).toEqual([['PRIVATE_KEY', block]])
    }
  })

  it('takes the more specific kind, then the longer one [M11.overlap]', async () => {
    const text =
      'https://a:b@card.example/4111111111111111 mail bob@10.0.0.1.example.org, tel 4111111111111111'
    const hits = (await detect(text)).map((f) => f.kind)
    expect(hits).toEqual(['URL_CREDENTIALS', 'EMAIL', 'CREDIT_CARD'])
  })

  it('looks only for the wanted kinds and refuses unknown ones [M11.entities]', async () => {
    const text = 'a@example.org 4111111111111111'
    expect((await detect(text, { entities: ['CREDIT_CARD'] })).map((f) => f.kind)).toEqual([
      'CREDIT_CARD',
    ])
    await expect(detect(text, { entities: ['CARD'] })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    })
  })

  it('reads national phone formats of the given regions only [M11.regions]', async () => {
    const text = 'Bitte 06 12 34 56 78 wählen'
    expect(await detect(text, { regions: ['US'] })).toEqual([])
    expect((await detect(text, { regions: ['FR'] })).map((f) => f.kind)).toEqual(['PHONE'])
  })

  it('is the same at once and later, and says when it needs the lazy rules [M11.fast-path]', async () => {
    const text = 'a@example.org, 192.168.1.7 and DE89370400440532013000'
    expect(detectNow(text)).toEqual(await detect(text))
    expect(detectNow(join('x ghp', '_abcdefghijklmnopqrstuvwxyz0123456789'))).toBeUndefined()
  })

  it('ignores comments that would switch secret rules off [M11.secrets]', async () => {
    const key = join('ghp', '_abcdefghijklmnopqrstuvwxyz0123456789')
    const hits = await detect(`<!-- secretlint-disable -->\n${key}`)
    expect(hits.map((f) => f.kind)).toEqual(['SECRET'])
  })

  it('finds the same across the windows of a long text [M11.linear]', async () => {
    const filler = 'The quick brown fox jumps over the lazy dog. '
    const pieces = Array.from(
      { length: 40 },
      (_, i) => `${filler.repeat(170 + i)}Mail u${i}@example.org or call +49 30 9018${200 + i}. `,
    )
    const text = pieces.join('')
    expect(text.length).toBeGreaterThan(300_000)
    const hits = await detect(text)
    expect(hits.filter((f) => f.kind === 'EMAIL')).toHaveLength(40)
    expect(hits.filter((f) => f.kind === 'PHONE')).toHaveLength(40)
    expect(hits).toHaveLength(80)
  })

  it('reads a megabyte of hostile input without blowing up [M11.linear]', async () => {
    const units = [
      '1',
      '1 ',
      '4111 ',
      '12-',
      'a@',
      'a.b.',
      'ab:',
      '1.1.',
      '://',
      'a://b:c',
      '-----BEGIN PRIVATE KEY-----\n',
      'eyJ',
      'xoxb-a-',
      '_authToken=',
      'GB82 ',
      'RSSMRA',
      '(1) ',
      '+1 ',
      'secret_key = ',
      '<EMAIL_1',
      '\\n',
      ' ',
      '"',
    ]
    for (const unit of units) {
      const text = unit.repeat(Math.ceil(2 ** 20 / unit.length))
      // A quadratic detector would take minutes here and run into the test's time limit.
      await detect(text)
    }
    await detect(`-----BEGIN PRIVATE KEY-----\n${'A'.repeat(2 ** 20)}`)
  })
})
