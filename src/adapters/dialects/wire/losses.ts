import type { CallPart, Extra, JsonObject, Loss } from '#ports'

/** Fields of several protocols that change no answer when they are left out. */
const hints = new Set([
  ...['store', 'safety_identifier', 'prompt_cache_options', 'prompt_cache_retention'],
  ...['eager_input_streaming'],
  ...['system_fingerprint', 'diagnostics', 'annotations', 'service_tier', 'billing', 'timings'],
  ...[
    'background',
    'keep_alive',
    'mimeType',
    'performanceConfig',
    'requestMetadata',
    'stats',
    'metrics',
  ],
])

const order = ['reasoning', 'text', 'refusal', 'tool-call']

/** Collects what a dialect cannot say, each place once. */
export class Losses {
  readonly list: Loss[] = []

  add(path: string, effect: Loss['effect'], detail: string): void {
    if (!this.list.some((one) => one.path === path && one.detail === detail))
      this.list.push({ path, effect, detail })
  }

  /** For dialects whose answers have thoughts, text and tool calls beside each other, not in an order. */
  unordered(parts: readonly CallPart[], path: string): void {
    const ranks = parts.map(({ type }) => order.indexOf(type)).filter((rank) => rank >= 0)
    if (ranks.some((rank, i) => rank < (ranks[i - 1] ?? 0)))
      this.add(`${path}/content`, 'hint', 'In which order text and tool calls came is not told.')
  }

  /** Fields that only another family knows are lost; of the own family they are returned. */
  own(extra: Extra | undefined, family: string, path = ''): Readonly<JsonObject> {
    if (!extra) return {}
    if (extra.family === family) return extra.fields
    for (const name of Object.keys(extra.fields)) {
      const effect = hints.has(name) ? 'hint' : 'meaning'
      this.add(path ? `${path}/${name}` : name, effect, `Only ${extra.family} knows "${name}".`)
    }
    return {}
  }
}
