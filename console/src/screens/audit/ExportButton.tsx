import { Download } from 'lucide-react'
import { useState } from 'react'
import { Button } from '../../components/Button.tsx'
import { toast } from '../../components/Toast.tsx'
import { plinth, problemOf } from '../../data/client.ts'
import { saveFile } from '../../data/files.ts'

/** The whole log as a file that can be verified without this server. */
export function ExportButton() {
  const [busy, setBusy] = useState(false)
  const save = async () => {
    setBusy(true)
    try {
      const response = await plinth.audit.exportLog()
      saveFile(`audit-${new Date().toISOString().slice(0, 10)}.jsonl`, await response.blob())
    } catch (cause) {
      toast({ tone: 'blocked', title: problemOf(cause).detail })
    }
    setBusy(false)
  }
  return (
    <Button icon={<Download aria-hidden />} busy={busy} onClick={() => void save()}>
      Export
    </Button>
  )
}
