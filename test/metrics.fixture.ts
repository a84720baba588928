import parse from 'parse-prometheus-text-format'

/** Samples by name, as another parser reads them. It forgets labels of histograms, so their samples are read singly. */
export function samplesOf(text: string) {
  const singly = text.replaceAll(/^(# TYPE \S+) histogram$/gm, '$1 untyped')
  const samples = new Map<string, ReturnType<typeof parse>[number]['metrics']>()
  for (const { name, metrics } of parse(singly)) {
    if (metrics.length > 0) samples.set(name, [...(samples.get(name) ?? []), ...metrics])
  }
  return samples
}
