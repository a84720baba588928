import { useQuery } from '@tanstack/react-query'
import { CircleAlert, CircleCheck, TriangleAlert } from 'lucide-react'
import { Dialog } from '../components/Dialog.tsx'
import { queries } from '../data/queries.ts'
import { Loaded } from './Screens.tsx'

const icons = {
  ok: <CircleCheck aria-label="ok" className="size-4 text-good" />,
  warning: <TriangleAlert aria-label="warning" className="size-4 text-warning" />,
  failed: <CircleAlert aria-label="failed" className="size-4 text-blocked" />,
}

/** What `plinth doctor` says of this server, with how to mend what is wrong. */
export function DoctorDialog({ onClose }: { onClose: () => void }) {
  const report = useQuery(queries.doctor())
  const status = useQuery(queries.status()).data
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title="Health"
      description={status ? `Plinth ${status.version} on ${status.engine}` : undefined}
    >
      <Loaded query={report}>
        {({ checks }) => (
          <ul>
            {checks.map(({ name, result, detail, remedy }) => (
              <li
                key={name}
                className="grid grid-cols-[16px_minmax(0,1fr)] gap-x-3 border-t border-line py-2"
              >
                <span className="pt-0.5">{icons[result]}</span>
                <div>
                  <span className="font-medium">{name}</span>{' '}
                  <span className="break-words text-ink-2">{detail}</span>
                  {remedy ? <p className="text-ink-2">{remedy}</p> : null}
                </div>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
    </Dialog>
  )
}
