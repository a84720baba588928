import { useElementScrollRestoration } from '@tanstack/react-router'
import { useVirtualizer } from '@tanstack/react-virtual'
import { Fragment, type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from 'react'
import { useNarrow } from '../frame/media.ts'

export interface Column<T> {
  key: string
  header: ReactNode
  /** A track of CSS grid, e.g. `minmax(200px, 2fr)`. */
  width: string
  align?: 'end'
  /** Where the window is narrow: on a second line of the row (with its heading where it says little alone), or left out. */
  narrow?: 'below' | 'named' | 'hide'
  /** Null: there is nothing, which a wide table shows as a dash. */
  cell: (row: T) => ReactNode
}

interface TableProps<T> {
  label: string
  columns: Column<T>[]
  rows: T[]
  rowKey: (row: T) => string
  onOpen?: (row: T) => void
  /** Marked as the one that is open beside the list. */
  openKey?: string | undefined
  onEnd?: () => void
  total?: number | undefined
  rowHeight?: number
}

const overscan = 12
const headerHeight = 32
const belowHeight = 20

/**
 * A list that holds thousands of rows and shows only those in sight. Arrow keys (or j and k) move, Home and End jump,
 * Enter opens. `onEnd` is called when the last rows come into sight.
 */
export function Table<T>(props: TableProps<T>) {
  const { columns, rows, label, onEnd } = props
  const scroller = useRef<HTMLDivElement>(null)
  const [active, setActive] = useState(0)
  const narrow = useNarrow()
  const shown = narrow ? columns.filter((column) => !column.narrow) : columns
  const below = narrow ? columns.filter(isBelow) : []
  const rowHeight = (props.rowHeight ?? 40) + (below.length > 0 ? belowHeight : 0)
  const template = shown.map(({ width }) => (narrow ? narrowed(width) : width)).join(' ')
  // Back from a row that was opened: the list stands where it was left.
  const place = useElementScrollRestoration({ id: label })
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan,
    scrollPaddingStart: headerHeight,
    initialOffset: place?.scrollY ?? 0,
  })
  const items = virtual.getVirtualItems()
  const last = items.at(-1)?.index ?? 0
  useEffect(() => {
    if (rows.length > 0 && last >= rows.length - overscan) onEnd?.()
  }, [last, rows.length, onEnd])
  const move = (to: number) => {
    const index = Math.max(0, Math.min(rows.length - 1, to))
    setActive(index)
    virtual.scrollToIndex(index)
    requestAnimationFrame(() => focusRow(scroller.current, index))
  }
  const current = Math.min(active, rows.length - 1)
  return (
    <div ref={scroller} data-scroll-restoration-id={label} className="h-full overflow-auto">
      <div role="grid" aria-label={label} aria-rowcount={(props.total ?? rows.length) + 1}>
        <div
          role="row"
          aria-rowindex={1}
          className="sticky top-0 z-10 grid h-8 items-center gap-3 border-b border-line bg-surface
            px-4 text-small text-ink-3"
          style={{ gridTemplateColumns: template }}
        >
          {shown.map(({ key, header, align }) => (
            <span key={key} role="columnheader" className={`truncate ${align ? 'text-right' : ''}`}>
              {header}
            </span>
          ))}
        </div>
        <div role="presentation" className="relative" style={{ height: virtual.getTotalSize() }}>
          {items.map((item) => (
            <Row
              key={props.rowKey(rows[item.index] as T)}
              {...props}
              columns={shown}
              below={below}
              row={rows[item.index] as T}
              index={item.index}
              active={item.index === current}
              onMove={move}
              style={{ gridTemplateColumns: template, height: item.size, top: item.start }}
            />
          ))}
        </div>
      </div>
    </div>
  )
}

interface RowProps<T> extends TableProps<T> {
  below: Column<T>[]
  row: T
  index: number
  active: boolean
  onMove: (to: number) => void
  style: React.CSSProperties
}

function Row<T>({ row, index, active, onMove, style, below, ...table }: RowProps<T>) {
  const { columns, onOpen, openKey, rowKey } = table
  const keys = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget) return
    const to = rowAfter(event.key, index, table.rows.length)
    if (to !== undefined) onMove(to)
    else if (event.key === 'Enter' && onOpen) onOpen(row)
    else return
    event.preventDefault()
  }
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      aria-selected={openKey === undefined ? undefined : openKey === rowKey(row)}
      data-row={index}
      tabIndex={active ? 0 : -1}
      onKeyDown={keys}
      onClick={onOpen ? (event) => isPlainClick(event.target) && onOpen(row) : undefined}
      className={`absolute inset-x-0 grid content-center items-center gap-x-3 border-b border-line px-4
        focus-visible:-outline-offset-2 aria-selected:bg-accent-soft
        ${onOpen ? 'cursor-pointer hover:bg-hover' : ''}`}
      style={style}
    >
      {columns.map(({ key, align, cell }) => (
        <div key={key} role="gridcell" className={`min-w-0 truncate ${align ? 'text-right' : ''}`}>
          {cell(row) ?? <span className="text-ink-3">–</span>}
        </div>
      ))}
      {below.length > 0 ? <Below row={row} columns={below} /> : null}
    </div>
  )
}

const isBelow = ({ narrow }: { narrow?: string }) => narrow === 'below' || narrow === 'named'

/** What has no column of its own in a narrow window. */
function Below<T>({ row, columns }: { row: T; columns: Column<T>[] }) {
  const cells = columns.map((column) => ({ ...column, content: column.cell(row) }))
  return (
    <div
      role="gridcell"
      className="col-span-full flex h-5 min-w-0 items-center overflow-hidden text-small text-ink-3"
    >
      {cells
        .filter(({ content }) => content !== null)
        .map(({ key, header, narrow, content }, index) => (
          <Fragment key={key}>
            {index > 0 ? (
              <span aria-hidden className="shrink-0 px-1.5">
                ·
              </span>
            ) : null}
            <span className="min-w-0 truncate last:shrink-0">
              <span className={narrow === 'named' ? '' : 'sr-only'}>{header}: </span>
              {content}
            </span>
          </Fragment>
        ))}
    </div>
  )
}

function rowAfter(key: string, index: number, rows: number): number | undefined {
  if (key === 'ArrowDown' || key === 'j') return index + 1
  if (key === 'ArrowUp' || key === 'k') return index - 1
  if (key === 'PageDown') return index + 10
  if (key === 'PageUp') return index - 10
  if (key === 'Home') return 0
  if (key === 'End') return rows - 1
  return undefined
}

/** A click on the row itself, not on a button in it and not one that ends a selection of text. */
function isPlainClick(target: EventTarget): boolean {
  if (window.getSelection()?.type === 'Range') return false
  return !(target instanceof Element && target.closest('a, button, input, label'))
}

function focusRow(scroller: HTMLElement | null, index: number) {
  scroller?.querySelector<HTMLElement>(`[data-row="${index}"]`)?.focus()
}

/** Fixed minimums would push the row out of a narrow window. */
function narrowed(width: string): string {
  return width.replace(/minmax\(\d+px,/, 'minmax(0,')
}
