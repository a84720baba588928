import type { DocumentText } from '@plinth/sdk'
import { useQuery } from '@tanstack/react-query'
import { ChevronLeft, ChevronRight, ZoomIn, ZoomOut } from 'lucide-react'
import type { PDFDocumentProxy } from 'pdfjs-dist'
import { useEffect, useRef, useState } from 'react'
import { IconButton } from '../components/Button.tsx'
import { ErrorPanel } from '../components/ErrorPanel.tsx'
import { Input } from '../components/Field.tsx'
import { Skeleton } from '../components/States.tsx'
import { problemOf } from '../data/client.ts'
import { queries } from '../data/queries.ts'
import { boxesOnPage, type PageBox, pageOf } from './boxes.ts'
import { openPdf } from './pdf.ts'
import type { TextSpan } from './text-groups.ts'

interface PdfViewProps {
  document: DocumentText
  /** The cited passages; the page of the first is turned to. */
  spans?: readonly TextSpan[]
  page?: number | null | undefined
}

/** The original pages, as they were printed, with the cited passage marked. */
export function PdfView({ document, spans = none, page }: PdfViewProps) {
  const original = useQuery(queries.original(document.documentId, document.versionId))
  const pdf = usePdf(original.data)
  const failed = original.error ?? pdf.failed
  if (failed) {
    return (
      <div className="p-4">
        <ErrorPanel title="The original cannot be shown" problem={problemOf(failed)} />
      </div>
    )
  }
  if (!pdf.opened) return <Skeleton lines={10} />
  return <Pages pdf={pdf.opened} document={document} spans={spans} page={page} />
}

function usePdf(original: Blob | undefined) {
  const [state, setState] = useState<{ opened?: PDFDocumentProxy; failed?: unknown }>({})
  useEffect(() => {
    if (!original) return
    let current: PDFDocumentProxy | undefined
    let left = false
    setState({})
    original
      .arrayBuffer()
      .then(openPdf)
      .then((opened) => {
        current = opened
        if (left) void opened.loadingTask.destroy()
        else setState({ opened })
      })
      .catch((failed: unknown) => left || setState({ failed }))
    return () => {
      left = true
      void current?.loadingTask.destroy()
    }
  }, [original])
  return state
}

interface PagesProps extends PdfViewProps {
  pdf: PDFDocumentProxy
}

const none: readonly TextSpan[] = []
const zooms = [0.5, 0.75, 1, 1.25, 1.5, 2, 3]

function Pages({ pdf, document, spans = none, page }: PagesProps) {
  const span = spans[0]
  const cited = (span ? pageOf(document.boxes, span) : undefined) ?? page ?? 1
  const [number, setNumber] = useState(cited)
  const [zoom, setZoom] = useState(1)
  const key = `${span?.start}-${cited}`
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new passage turns to its page
  useEffect(() => setNumber(Math.min(cited, pdf.numPages)), [key])
  const turn = (to: number) => setNumber(Math.max(1, Math.min(pdf.numPages, to)))
  const step = (by: 1 | -1) => setZoom(zooms[zooms.indexOf(zoom) + by] ?? zoom)
  const boxes = spans.flatMap((one) => boxesOnPage(document.boxes, number, one))
  return (
    <div className="flex h-full flex-col">
      <div className="flex h-10 shrink-0 items-center gap-1 border-b border-line px-2 text-ink-2">
        <IconButton label="Page before" disabled={number === 1} onClick={() => turn(number - 1)}>
          <ChevronLeft aria-hidden />
        </IconButton>
        <Input
          key={number}
          aria-label="Page"
          inputMode="numeric"
          defaultValue={number}
          onBlur={(event) => turn(Number.parseInt(event.target.value, 10) || number)}
          onKeyDown={(event) => event.key === 'Enter' && event.currentTarget.blur()}
          className="w-11! text-center"
        />
        <span className="whitespace-nowrap">of {pdf.numPages}</span>
        <IconButton
          label="Next page"
          disabled={number === pdf.numPages}
          onClick={() => turn(number + 1)}
        >
          <ChevronRight aria-hidden />
        </IconButton>
        {span && number !== cited ? (
          <button type="button" onClick={() => turn(cited)} className="cite ml-1 font-normal">
            passage on page {cited}
          </button>
        ) : null}
        <span className="ml-auto flex items-center">
          <IconButton label="Smaller" disabled={zoom === zooms[0]} onClick={() => step(-1)}>
            <ZoomOut aria-hidden />
          </IconButton>
          <span className="w-10 text-center text-small">{Math.round(zoom * 100)} %</span>
          <IconButton label="Larger" disabled={zoom === zooms.at(-1)} onClick={() => step(1)}>
            <ZoomIn aria-hidden />
          </IconButton>
        </span>
      </div>
      {span && number === cited && boxes.length === 0 ? (
        <p className="border-b border-line px-4 py-2 text-small text-ink-3">
          Where the passage stands on this page is not known; the text view marks it.
        </p>
      ) : null}
      <PageCanvas
        key={number}
        pdf={pdf}
        number={number}
        zoom={zoom}
        boxes={boxes}
        label={`Page ${number} of ${document.title}${boxes.length > 0 ? ', the passage marked' : ''}`}
      />
    </div>
  )
}

interface PageCanvasProps {
  pdf: PDFDocumentProxy
  number: number
  zoom: number
  boxes: PageBox[]
  label: string
}

interface Rendered {
  /** CSS pixels per unit of the page. */
  scale: number
  width: number
  height: number
}

function PageCanvas({ pdf, number, zoom, boxes, label }: PageCanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const scroller = useRef<HTMLDivElement>(null)
  const width = useWidth(scroller)
  const [rendered, setRendered] = useState<Rendered | null>(null)
  useEffect(() => {
    if (!canvas.current || width === 0) return
    const drawing = draw(pdf, number, canvas.current, {
      width: Math.min(width, widestPx) * zoom,
    })
    drawing.done.then((done) => done && setRendered(done)).catch(() => {})
    return drawing.stop
  }, [pdf, number, zoom, width])
  const top = boxes[0]?.y
  useEffect(() => {
    if (!rendered || top === undefined || !scroller.current) return
    const middle = scroller.current.clientHeight / 3
    scroller.current.scrollTo({ top: top * rendered.scale - middle })
  }, [rendered, top])
  return (
    <div
      ref={scroller}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling page must be reachable by keyboard
      tabIndex={0}
      role="group"
      aria-label={label}
      className="min-h-0 flex-1 overflow-auto bg-sunken p-3 focus-visible:-outline-offset-2"
    >
      <div
        className="relative mx-auto bg-white shadow-popover"
        style={rendered ? { width: rendered.width, height: rendered.height } : { width: '100%' }}
      >
        <canvas ref={canvas} role="img" aria-label={label} className="block size-full" />
        {rendered
          ? boxes.map((box) => (
              <div
                key={`${box.x} ${box.y}`}
                aria-hidden
                data-evidence
                className="absolute rounded-[2px] bg-[oklch(0.92_0.16_100)] mix-blend-multiply"
                style={{
                  left: box.x * rendered.scale - 2,
                  top: box.y * rendered.scale - 1,
                  width: box.width * rendered.scale + 4,
                  height: box.height * rendered.scale + 2,
                }}
              />
            ))
          : null}
      </div>
    </div>
  )
}

const padding = 24
/** A page wider than this is no easier to read. */
const widestPx = 860

function useWidth(element: React.RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0)
  useEffect(() => {
    if (!element.current) return
    const observer = new ResizeObserver(([entry]) => {
      setWidth(Math.floor((entry?.target.clientWidth ?? 0) - padding))
    })
    observer.observe(element.current)
    return () => observer.disconnect()
  }, [element])
  return width
}

function draw(
  pdf: PDFDocumentProxy,
  number: number,
  canvas: HTMLCanvasElement,
  { width }: { width: number },
) {
  let stopped = false
  let stop = () => {}
  const work = async (): Promise<Rendered | null> => {
    const page = await pdf.getPage(number)
    if (stopped) return null
    const points = page.getViewport({ scale: 1 })
    const scale = width / points.width
    const viewport = page.getViewport({ scale: scale * devicePixelRatio })
    canvas.width = Math.floor(viewport.width)
    canvas.height = Math.floor(viewport.height)
    const task = page.render({ canvas, viewport })
    stop = () => task.cancel()
    await task.promise
    // Places are told in the page's own units, of which few files say that they are larger than a point.
    const placed = scale * page.userUnit
    return { scale: placed, width: points.width * scale, height: points.height * scale }
  }
  return {
    done: work(),
    stop: () => {
      stopped = true
      stop()
    },
  }
}
