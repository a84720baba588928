import type { z } from 'zod'
import type { PlinthError } from '#kernel'
import type { ChatMessage } from '#ports'
import type { chatRequest } from './contract.ts'
import { CodedError } from './errors.ts'

export type ChatRequestBody = z.output<typeof chatRequest>

/** Parameters that would change the answer's meaning and are not offered: refused, never silently dropped. */
export function refuseUnoffered(body: ChatRequestBody): void {
  const format = body.response_format?.type
  const refused: [string, boolean, string][] = [
    ['n', (body.n ?? 1) !== 1, 'One answer is given for a request.'],
    ['tools', (body.tools?.length ?? 0) > 0, 'Tools are not offered.'],
    ['functions', (body.functions?.length ?? 0) > 0, 'Functions are not offered.'],
    ['response_format', format !== undefined && format !== 'text', 'Answers are plain text.'],
    ['logprobs', body.logprobs === true, 'Token probabilities are not offered.'],
    ['modalities', body.modalities?.some((one) => one !== 'text') === true, 'Answers are text.'],
  ]
  const found = refused.find(([, is]) => is)
  if (!found) return
  const [where, , detail] = found
  throw new CodedError('INVALID_INPUT', 'unsupported_parameter', {
    detail,
    where: `body/${where}`,
    remedy: `Leave "${where}" out.`,
  })
}

/** Messages as models take them. Throws INVALID_INPUT for images, sound and the results of tools. */
export function messagesOf(body: ChatRequestBody): ChatMessage[] {
  return body.messages.map(({ role, content }, i) => {
    if (role === 'tool' || role === 'function') {
      throw unsupported(`body/messages/${i}/role`, 'Tools are not offered.')
    }
    const text = typeof content === 'string' ? content : textOf(content ?? [], i)
    return { role: role === 'developer' ? 'system' : role, content: text }
  })
}

function textOf(parts: readonly { type: string; text?: string | undefined }[], at: number): string {
  return parts
    .map(({ type, text }, i) => {
      if (type === 'text' && text !== undefined) return text
      throw unsupported(
        `body/messages/${at}/content/${i}`,
        `Content of type "${type}" is not offered.`,
      )
    })
    .join('')
}

function unsupported(where: string, detail: string): PlinthError {
  return new CodedError('INVALID_INPUT', 'unsupported_value', {
    detail,
    where,
    remedy: 'Send text only.',
  })
}
