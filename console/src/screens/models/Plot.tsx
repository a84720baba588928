import { useEffect, useRef, useState } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { useTheme } from '../../frame/theme.ts'
import type { Line } from './ChartPanel.tsx'

interface PlotProps {
  /** Seconds since 1970. */
  times: number[]
  lines: Line[]
  kind: 'bars' | 'lines'
  format: (value: number) => string
  /** Index of the step that is pointed at. */
  onPoint: (index: number | null) => void
}

const height = 168

/** The canvas of a chart. What it shows stands in the panel's table, too. */
export default function Plot({ times, lines, kind, format, onPoint }: PlotProps) {
  const box = useRef<HTMLDivElement>(null)
  const theme = useTheme()
  const dark = useDark()
  const point = useRef(onPoint)
  point.current = onPoint
  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours of another theme are other ones
  useEffect(() => {
    const element = box.current
    if (!element) return
    const colour = colours(element)
    const options = optionsOf({ times, lines, kind, format, colour, width: element.clientWidth })
    options.hooks = { setCursor: [(plot) => point.current(plot.cursor.idx ?? null)] }
    const plot = new uPlot(options, dataOf(times, lines, kind), element)
    const watch = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }))
    watch.observe(element)
    return () => {
      watch.disconnect()
      plot.destroy()
    }
  }, [times, lines, kind, format, theme, dark])
  return <div ref={box} aria-hidden className="w-full" style={{ height }} />
}

function useDark(): boolean {
  const query = '(prefers-color-scheme: dark)'
  const [dark, setDark] = useState(() => matchMedia(query).matches)
  useEffect(() => {
    const media = matchMedia(query)
    const changed = () => setDark(media.matches)
    media.addEventListener('change', changed)
    return () => media.removeEventListener('change', changed)
  }, [])
  return dark
}

/** Colours of the theme as a canvas takes them. */
function colours(element: HTMLElement): (name: string) => string {
  const probe = document.createElement('span')
  element.append(probe)
  const known = new Map<string, string>()
  return (name) => {
    let found = known.get(name)
    if (found === undefined) {
      probe.style.color = `var(--${name})`
      found = getComputedStyle(probe).color
      known.set(name, found)
    }
    return found
  }
}

/** Bars stand on each other: each series is drawn up to the sum with those before it, the highest first. */
function dataOf(times: number[], lines: Line[], kind: PlotProps['kind']): uPlot.AlignedData {
  if (kind === 'lines') return [times, ...lines.map(({ values }) => values)]
  let below = times.map(() => 0)
  const sums = lines.map(({ values }) => {
    below = below.map((sum, i) => sum + (values[i] ?? 0))
    return below
  })
  return [times, ...sums.toReversed()]
}

interface Look extends Pick<PlotProps, 'times' | 'lines' | 'kind' | 'format'> {
  colour: (name: string) => string
  width: number
}

function optionsOf({ times, lines, kind, format, colour, width }: Look): uPlot.Options {
  // Half a step more at both ends: no bar is cut.
  const edge = ((times[1] ?? 0) - (times[0] ?? 0)) / 2 || 1_800
  const axis = {
    stroke: colour('ink-3'),
    font: '12px system-ui, sans-serif',
    grid: { stroke: colour('line'), width: 1 },
    ticks: { show: false },
  }
  const bars = kind === 'bars' ? uPlot.paths.bars?.({ size: [0.8, 40] }) : undefined
  const shown = kind === 'bars' ? lines.toReversed() : lines
  return {
    width,
    height,
    padding: [8, 14, 0, 0],
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), 'Etc/UTC'),
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: kind === 'lines' } },
    scales: {
      x: { range: (_, first, last) => [first - edge, last + edge] },
      y: { range: (_, __, most) => [0, most > 0 ? most * 1.08 : 1] },
    },
    axes: [
      { ...axis, grid: { show: false }, size: 26, gap: 4, space: 64, values: timeTexts },
      { ...axis, size: 56, space: 36, values: (_, splits) => splits.map(format) },
    ],
    series: [
      {},
      ...shown.map(({ label, tone, dashed }): uPlot.Series => {
        const line = colour(tone)
        if (bars) return { label, fill: line, width: 0, paths: bars, points: { show: false } }
        const points = { fill: line, size: 4 }
        return { label, stroke: line, width: 1.75, points, ...(dashed ? { dash: [5, 4] } : {}) }
      }),
    ],
  }
}

const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' })
const hour = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  timeZone: 'UTC',
})

/** The date at midnight, else the hour. */
function timeTexts(_: uPlot, splits: number[]): string[] {
  return splits.map((at) => (at % 86_400 === 0 ? day : hour).format(at * 1_000))
}
