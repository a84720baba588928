import PostalMime, { type Address, type Attachment, type Email } from 'postal-mime'
import { limits } from '#kernel'
import { notePrefix, type ParseOptions, type Parser } from '#ports'
import { DocumentBuilder } from './builder.ts'
import { asParserError, overLimit } from './failures.ts'
import { addHtml } from './html.ts'
import { isoDate } from './ooxml.ts'
import { addParagraphs } from './txt.ts'

/**
 * E-mail (RFC 5322, MIME): headers as metadata and first paragraph, body, then each attachment's
 * content.
 */
export const emlParser: Parser = {
  version: 'parser/1',
  id: 'eml/1',
  mediaTypes: ['message/rfc822'],
  async parse(input, options = {}) {
    const builder = new DocumentBuilder('message/rfc822', {
      name: input.name,
      deadline: options.deadline,
    })
    const mail = await readMail(input.bytes, input.name)
    readHeaders(mail, builder)
    if (mail.text?.trim()) addParagraphs(builder, mail.text, { quotes: true })
    else if (mail.html) addHtml(builder, mail.html)
    else builder.warn('the message has no text')
    await readAttachments(mail, builder, { ...options, name: input.name })
    return builder.finish()
  },
}

async function readMail(bytes: Uint8Array, name: string): Promise<Email> {
  try {
    return await PostalMime.parse(bytes, {
      rfc822Attachments: true,
      attachmentEncoding: 'arraybuffer',
      maxNestingDepth: limits.parserNesting,
    })
  } catch (error) {
    throw asParserError(error, name)
  }
}

function readHeaders(mail: Email, builder: DocumentBuilder): void {
  const from = addresses(mail.from ? [mail.from] : [])
  const to = addresses(mail.to ?? [])
  const cc = addresses(mail.cc ?? [])
  const sent = mail.date ? (isoDate(mail.date) ?? mail.date) : undefined
  builder.title = mail.subject
  builder.meta('subject', mail.subject)
  builder.meta('from', from)
  builder.meta('to', to)
  builder.meta('cc', cc)
  builder.meta('sent', sent)
  builder.meta('messageId', mail.messageId)
  builder.meta('inReplyTo', mail.inReplyTo)
  builder.add('heading', mail.subject ?? '', { level: 1 })
  const lines = [`From: ${from}`, `To: ${to}`, `Cc: ${cc}`, `Date: ${sent ?? ''}`]
  builder.add('paragraph', lines.filter((line) => !/: $/.test(line)).join('\n'))
}

function addresses(list: readonly Address[]): string {
  const flat = list.flatMap((a) => a.group ?? [a])
  return flat
    .map((a) => (a.name && a.address ? `${a.name} <${a.address}>` : a.address || a.name))
    .join(', ')
}

async function readAttachments(
  mail: Email,
  builder: DocumentBuilder,
  options: ParseOptions & { name: string },
): Promise<void> {
  const depth = (options.depth ?? 0) + 1
  const listed: string[] = []
  for (const [i, attachment] of mail.attachments.entries()) {
    if (i >= limits.parserAttachments) {
      throw overLimit(
        'parserAttachments',
        options.name,
        `The message has ${mail.attachments.length} attachments`,
      )
    }
    // Pictures inside the text (logos, signatures) are part of the layout, not documents.
    if (attachment.related && attachment.mimeType.startsWith('image/')) continue
    const name = attachment.filename ?? `attachment ${i + 1}`
    listed.push(name)
    builder.add('heading', `Attachment: ${name}`, { level: 2 })
    if (depth > limits.parserAttachmentDepth) {
      builder.warn(`attachment ${name} was not read: over the limit parserAttachmentDepth`)
      continue
    }
    await readAttachment(attachment, builder, { ...options, depth, name })
  }
  builder.meta('attachments', listed.join(', '))
}

/** One attachment that cannot be read never costs the message. */
async function readAttachment(
  attachment: Attachment,
  builder: DocumentBuilder,
  options: ParseOptions & { name: string },
): Promise<void> {
  const { name, ...rest } = options
  const parse = options.parseAttached
  if (!parse) {
    builder.warn(`attachment ${name} was not read: attachments are only listed here`)
    return
  }
  const content = attachment.content
  const bytes =
    typeof content === 'string' ? new TextEncoder().encode(content) : new Uint8Array(content)
  try {
    const document = await parse({ bytes, name }, rest)
    builder.append(document)
    for (const warning of document.warnings) {
      if (!warning.startsWith(notePrefix)) builder.warn(`attachment ${name}: ${warning}`)
      else builder.note(`attachment ${name}: ${warning.slice(notePrefix.length)}`)
    }
  } catch (error) {
    const failure = asParserError(error, name)
    if (failure.code === 'PARSER_LIMIT' && /parserSeconds|parserTextChars/.test(failure.message))
      throw failure
    builder.warn(`attachment ${name} was not read: ${failure.message}`)
  }
}
