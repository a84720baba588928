/** One sample of a family: its labels (an empty value is as good as none) and its value. */
export interface Sample {
  /** What stands after the family's name: `_bucket`, `_sum`, `_count`. */
  suffix?: string
  labels?: Readonly<Record<string, string>>
  value: number
}

/** One metric by name, with what it means and everything that is known of it. */
export interface Family {
  name: string
  help: string
  type: 'counter' | 'gauge' | 'histogram'
  samples: readonly Sample[]
}

/** Media type of what `exposition` writes. */
export const expositionType = 'text/plain; version=0.0.4; charset=utf-8'

/**
 * Families in the text exposition format of Prometheus, version 0.0.4, with labels that all samples carry. Families
 * without a sample are left out.
 */
export function exposition(
  families: Iterable<Family>,
  common: Readonly<Record<string, string>> = {},
): string {
  const lines: string[] = []
  for (const { name, help, type, samples } of families) {
    if (samples.length === 0) continue
    lines.push(`# HELP ${name} ${escaped(help)}`, `# TYPE ${name} ${type}`)
    for (const { suffix = '', labels = {}, value } of samples) {
      lines.push(`${name}${suffix}${labelled({ ...labels, ...common })} ${numbered(value)}`)
    }
  }
  return `${lines.join('\n')}\n`
}

function labelled(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}="${escaped(value).replaceAll('"', '\\"')}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}

function numbered(value: number): string {
  if (Number.isFinite(value)) return String(value)
  if (Number.isNaN(value)) return 'NaN'
  return value > 0 ? '+Inf' : '-Inf'
}
