/** Columns and rows of one area of a sheet; rows keep their order, columns their numbers. */
export type AreaRow<C> = Map<number, C>

const smallestArea = 2

/**
 * Splits rows that stand together where empty columns part them into tables side by side. Each
 * part must have at least two columns and two rows: forms leave columns empty between a label and
 * its value.
 */
export function sideBySide<C>(rows: AreaRow<C>[]): AreaRow<C>[][] {
  const used = new Map<number, number>()
  for (const row of rows)
    for (const column of row.keys()) used.set(column, (used.get(column) ?? 0) + 1)
  const columns = [...used.keys()].sort((a, b) => a - b)
  const bands: number[][] = []
  for (const column of columns) {
    const band = bands.at(-1)
    if (band && column === (band.at(-1) as number) + 1) band.push(column)
    else bands.push([column])
  }
  if (bands.length < 2) return [rows]
  const parts = bands.map((band) => cut(rows, band))
  const whole = parts.every(
    (part, i) => part.length >= smallestArea && (bands[i] as number[]).length >= smallestArea,
  )
  return whole ? parts : [rows]
}

function cut<C>(rows: AreaRow<C>[], band: number[]): AreaRow<C>[] {
  const from = band[0] as number
  const to = band.at(-1) as number
  const part: AreaRow<C>[] = []
  for (const row of rows) {
    const cells = new Map([...row].filter(([column]) => column >= from && column <= to))
    if (cells.size > 0) part.push(cells)
  }
  return part
}
