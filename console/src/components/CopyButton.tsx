import { Check, Copy } from 'lucide-react'
import { useState } from 'react'
import { IconButton } from './Button.tsx'
import { toast } from './Toast.tsx'

const shownMs = 1500

export function CopyButton({ text, label = 'Copy' }: { text: string; label?: string }) {
  const [copied, setCopied] = useState(false)
  const copy = async () => {
    if (!(await copyText(text))) return
    setCopied(true)
    setTimeout(() => setCopied(false), shownMs)
  }
  return (
    <IconButton label={copied ? 'Copied' : label} onClick={copy} className="size-7">
      {copied ? <Check aria-hidden className="text-good" /> : <Copy aria-hidden />}
    </IconButton>
  )
}

/** Whether it worked; says so where it did not (a page without a secure origin has no clipboard). */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    toast({
      tone: 'warning',
      title: 'The browser refused the clipboard: select the text and copy it.',
    })
    return false
  }
}
