import type { ResourceSpec } from '#kernel'

type When = NonNullable<NonNullable<ResourceSpec<'Route'>['candidates']>[number]['when']>
type Hours = NonNullable<When['hours']>

const days: readonly string[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']
const dayMinutes = 24 * 60

/** Whether a time (milliseconds since 1970) lies within hours of the week. The zone's clock is read once a minute. */
export function compileHours(hours: Hours): (now: number) => boolean {
  const from = minuteOf(hours.from)
  const to = minuteOf(hours.to)
  const begins = days.map((day) => hours.days?.some((name) => name === day) ?? true)
  const clock = zoneClock(hours.zone)
  let minute = Number.NaN
  let open = false
  return (now) => {
    const at = Math.floor(now / 60_000)
    if (at === minute) return open
    minute = at
    const { day, time } = clock(now)
    const yesterday = (day + 6) % 7
    open =
      from < to
        ? begins[day] === true && time >= from && time < to
        : (begins[day] === true && time >= from) || (begins[yesterday] === true && time < to)
    return open
  }
}

function minuteOf(text: string): number {
  const [hour = 0, minute = 0] = text.split(':').map(Number)
  return hour * 60 + minute
}

function zoneClock(zone: string): (now: number) => { day: number; time: number } {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
  return (now) => {
    let day = 0
    let time = 0
    for (const { type, value } of format.formatToParts(now)) {
      if (type === 'weekday') day = days.indexOf(value.toLowerCase())
      else if (type === 'hour') time += Number(value) * 60
      else if (type === 'minute') time += Number(value)
    }
    return { day, time: time % dayMinutes }
  }
}
