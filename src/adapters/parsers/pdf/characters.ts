import type { PageText, TextItem } from './fragments.ts'
import type { Pdfium } from './pdfium.ts'

/** What characters of one text object have in common. */
interface Style {
  font: string
  size: number
  /** Text space to page space, less the place: a, b, c, d. */
  matrix: readonly [number, number, number, number]
  /** In any other direction than to the right, before the page itself is turned. */
  turned: boolean
}

/** Characters that follow each other on one line without a wide gap. */
interface Run extends Style {
  text: string
  x: number
  y: number
  /** Where the leftmost and the rightmost character begin, and which that is. */
  least: number
  most: number
  rightmost: number
  last: Character
  rtl: boolean
}

interface Character {
  i: number
  code: number
  /** Where it begins on its line, in page space. */
  x: number
  y: number
  style: Style
  /** Of the same text object as the one before. */
  sameObject: boolean
}

const lineFeed = 10
const carriageReturn = 13
/** What PDFium puts for a hyphen that cuts a word at the end of a line. */
const lineHyphen = 2
/** A wider space than this many ems is a column or a tab. */
const widestSpaceEms = 1.2
/** Pieces of a word that are set apart from each other are no further apart than this. */
const sameWordEms = 0.15
/** Characters of one text object whose places differ by more than this are looked at: hardly a letter is so wide. */
const stepEms = 1

/** Reads the characters of a page as PDFium orders them, and groups those of one style on one line. */
export function readText(library: Pdfium, page: number, viewport: number[]): PageText {
  const text = library.call.FPDFText_LoadPage(page)
  if (text === 0) throw new Error('its text could not be read')
  try {
    return new Reader(library, text).read(viewport)
  } finally {
    library.call.FPDFText_ClosePage(text)
  }
}

class Reader {
  private readonly library: Pdfium
  private readonly text: number
  private readonly items: TextItem[] = []
  private readonly ascents = new Map<string, number>()
  private readonly fonts = new Map<number, string>()
  private run: Run | undefined
  /** What stands between the run and the next character; a guess is a space that PDFium made up from the distance. */
  private gap: 'none' | 'guess' | 'space' | 'line' = 'none'

  constructor(library: Pdfium, text: number) {
    this.library = library
    this.text = text
  }

  read(viewport: number[]): PageText {
    const { text, library } = this
    const { call, scratch } = library
    const count = call.FPDFText_CountChars(text)
    let object = 0
    let style: Style | undefined
    for (let i = 0; i < count; i++) {
      const code = call.FPDFText_GetUnicode(text, i)
      if (code === lineFeed || code === carriageReturn) this.gap = 'line'
      else if (isSpace(code)) this.space(i)
      else if (isCharacter(code)) {
        const owner = call.FPDFText_GetTextObject(text, i)
        if (owner !== object || !style) style = this.styleOf(owner, i)
        const sameObject = owner === object
        object = owner
        call.FPDFText_GetCharOrigin(text, i, scratch, scratch + 8)
        const { view } = library
        const x = view.getFloat64(scratch, true)
        const y = view.getFloat64(scratch + 8, true)
        this.put({ i, code, x, y, style, sameObject })
      }
    }
    this.flush()
    return { items: this.items, ascents: this.ascents, viewport }
  }

  private space(i: number): void {
    if (this.gap !== 'none') return
    this.gap = this.library.call.FPDFText_IsGenerated(this.text, i) === 1 ? 'guess' : 'space'
  }

  private put(next: Character): void {
    const { run } = this
    if (run && this.repeats(run, next)) return
    // Both are made up from the distance, which raised characters and marks above letters mislead.
    if (run && (this.gap === 'guess' || this.gap === 'line') && this.isRaised(run, next)) {
      this.gap = 'none'
    }
    if (this.gap === 'guess') this.gap = isMark(next.code) ? 'none' : 'space'
    const character = this.characterOf(next)
    if (run && this.goesOn(run, next)) {
      run.text += this.gap === 'space' ? ` ${character}` : character
      run.rtl ||= isRightToLeft(next.code)
      run.last = next
      if (next.x < run.least) run.least = next.x
      if (next.x > run.most) {
        run.most = next.x
        run.rightmost = next.i
      }
    } else {
      this.flush()
      const { x, y, i, style } = next
      const ends = { least: x, most: x, rightmost: i, last: next }
      this.run = { ...style, text: character, x, y, ...ends, rtl: isRightToLeft(next.code) }
    }
    this.gap = 'none'
  }

  /** A hyphen that cuts a word at the end of a line has a code of its own, which some fonts use for other marks. */
  private characterOf({ code, i }: Character): string {
    const hyphen = code === lineHyphen && this.library.call.FPDFText_IsHyphen(this.text, i) === 1
    return hyphen ? '-' : String.fromCodePoint(code)
  }

  /** The same character once more from another font, without any width: some programs write symbols so. */
  private repeats(run: Run, { i, code, sameObject }: Character): boolean {
    if (sameObject || code !== run.last.code || this.gap !== 'none') return false
    const right = this.rightOf(i)
    return right - this.library.view.getFloat32(this.library.scratch, true) <= 0
  }

  /** A superscript or subscript directly behind a character, between which PDFium sees a space. */
  private isRaised(run: Run, { style, x, y }: Character): boolean {
    if (run.turned || style.turned || run.rtl) return false
    const [small, large] = [Math.min(run.size, style.size), Math.max(run.size, style.size)]
    if (small > large * 0.85 || Math.abs(run.y - y) > large * 0.6) return false
    return Math.abs(x - this.rightOf(run.rightmost)) < large * sameWordEms
  }

  private goesOn(run: Run, next: Character): boolean {
    if (this.gap === 'none' && next.sameObject) {
      const { last } = run
      const step = Math.hypot(next.x - last.x, next.y - last.y)
      if (run.turned || step < run.size * stepEms) return true
    }
    return this.follows(run, next)
  }

  /** Whether a character goes on in the run, across a space or the border of two text objects. */
  private follows(run: Run, { style, x, y, i }: Character): boolean {
    if (this.gap === 'line' || run.turned || style.turned) return false
    if (run.font !== style.font || Math.abs(run.size - style.size) > run.size * 0.01) return false
    if (Math.abs(run.y - y) > run.size * 0.02) return false
    const ahead = x - this.rightOf(run.rightmost)
    const distance = run.rtl ? Math.max(ahead, run.least - this.rightOf(i)) : ahead
    if (this.gap === 'space') return distance < run.size * widestSpaceEms && distance > -run.size
    return Math.abs(distance) < run.size * sameWordEms
  }

  private flush(): void {
    const { run } = this
    if (!run) return
    const [a, b, c, d] = run.matrix
    const turned = run.turned
    const x = turned ? run.x : run.least
    const width = turned ? this.lengthOf(run) : this.rightOf(run.rightmost) - run.least
    this.items.push({
      str: run.text,
      transform: [a * run.size, b * run.size, c * run.size, d * run.size, x, run.y],
      width: Math.max(0, width),
      height: run.size,
      fontName: run.font,
      hasEOL: this.gap === 'line',
      dir: run.rtl ? 'rtl' : 'ltr',
    })
    if (this.gap === 'space' || this.gap === 'guess')
      this.items.push({ ...(this.items.at(-1) as TextItem), str: ' ' })
    this.run = undefined
  }

  /** Where the room of a character ends, its side bearing included. */
  private rightOf(index: number): number {
    const { call, scratch } = this.library
    if (!call.FPDFText_GetLooseCharBox(this.text, index, scratch)) return 0
    // Left, top, right, bottom.
    return this.library.view.getFloat32(scratch + 8, true)
  }

  /** From the first character's origin to the end of the last one, along the line. */
  private lengthOf(run: Run): number {
    const { call, scratch } = this.library
    const [a, b] = run.matrix
    const unit = Math.hypot(a, b) || 1
    const at = (i: number) => scratch + i * 8
    call.FPDFText_GetCharBox(this.text, run.last.i, at(0), at(1), at(2), at(3))
    const { view } = this.library
    const [left, right, bottom, top] = [0, 1, 2, 3].map((i) => view.getFloat64(at(i), true))
    const along = (x = 0, y = 0) => ((x - run.x) * a + (y - run.y) * b) / unit
    return Math.max(along(left, bottom), along(left, top), along(right, bottom), along(right, top))
  }

  private styleOf(object: number, index: number): Style {
    const { call, scratch } = this.library
    const { text } = this
    const font = this.fontOf(call.FPDFTextObj_GetFont(object))
    const points = call.FPDFText_GetFontSize(text, index)
    const known = call.FPDFText_GetMatrix(text, index, scratch) !== 0
    const [a = 1, b = 0, c = 0, d = 1] = known ? this.library.floats(4) : []
    const scale = Math.hypot(c, d) || Math.hypot(a, b) || 1
    const size = points * scale || 1
    const turned = a < 0 || Math.abs(b) > a * 0.1
    return { font, size, matrix: [a / scale, b / scale, c / scale, d / scale], turned }
  }

  /**
   * A name that a font keeps from page to page, without the letters that tell subsets apart. Its handle is the same on
   * one page only.
   */
  private fontOf(font: number): string {
    const known = this.fonts.get(font)
    if (known !== undefined) return known
    const { library } = this
    const { call, scratch } = library
    let name = 'none'
    if (font !== 0) {
      const read = (buffer: number, bytes: number) =>
        call.FPDFFont_GetBaseFontName(font, buffer, bytes)
      const base = library.text(read, 'latin1').replace(/^[A-Z]{6}\+/, '')
      name = `${base.replace(/\s+/g, '')}/${call.FPDFFont_GetWeight(font)}`
      const ascent = call.FPDFFont_GetAscent(font, 1, scratch) ? library.floats(1)[0] : undefined
      if (ascent !== undefined && ascent > 0.3 && ascent < 1.5) this.ascents.set(name, ascent)
    }
    this.fonts.set(font, name)
    return name
  }
}

function isSpace(code: number): boolean {
  return (
    code === 32 ||
    code === 160 ||
    code === 9 ||
    (code >= 0x2000 && code <= 0x200b) ||
    code === 0x3000 ||
    code === 0x202f ||
    code === 0x205f
  )
}

/** Not what stands for a glyph without a meaning. */
function isCharacter(code: number): boolean {
  return code > 0 && code < 0x110000 && code !== 0xfffe && code !== 0xffff
}

/** Vowel signs of Hebrew and Arabic, which stand above or below a letter. */
function isMark(code: number): boolean {
  return (
    (code >= 0x591 && code <= 0x5c7) ||
    (code >= 0x610 && code <= 0x61a) ||
    (code >= 0x64b && code <= 0x65f) ||
    code === 0x670
  )
}

/** Hebrew, Arabic and their neighbours, with their presentation forms. */
function isRightToLeft(code: number): boolean {
  return (
    (code >= 0x590 && code < 0x900) ||
    (code >= 0xfb1d && code < 0xfe00) ||
    (code >= 0xfe70 && code < 0xff00)
  )
}
