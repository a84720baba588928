import pptxgen from 'pptxgenjs'
import { z } from 'zod'
import { withFixedDates } from './zip.ts'

const slideSource = z
  .object({
    title: z.string(),
    subtitle: z.string().optional(),
    bullets: z.array(z.string()).optional(),
    table: z
      .object({ columns: z.array(z.string()), rows: z.array(z.array(z.string())) })
      .strict()
      .optional(),
    footnote: z.string().optional(),
    notes: z.string().optional(),
  })
  .strict()

/** How a slide deck is written down in YAML. */
const deckSource = z
  .object({
    title: z.string(),
    author: z.string(),
    subject: z.string(),
    slides: z.array(slideSource),
  })
  .strict()

// The typings of the package describe a default export that Node does not see.
const Deck = pptxgen as unknown as typeof pptxgen.default

/** A slide deck with titles as placeholders, native tables and speaker's notes. */
export async function makePptx(source: unknown): Promise<Uint8Array> {
  const { title, author, subject, slides } = deckSource.parse(source)
  const deck = new Deck()
  deck.layout = 'LAYOUT_WIDE'
  deck.title = title
  deck.author = author
  deck.company = author
  deck.subject = subject
  deck.defineSlideMaster({
    title: 'TESSMERE',
    background: { color: 'FFFFFF' },
    slideNumber: { x: 12.4, y: 7, fontSize: 10, color: '777777' },
    objects: [
      {
        placeholder: {
          options: { name: 'title', type: 'title', x: 0.6, y: 0.4, w: 12, h: 0.9 },
          text: '',
        },
      },
    ],
  })
  for (const slide of slides) addSlide(deck, slide)
  return withFixedDates((await deck.write({ outputType: 'uint8array' })) as Uint8Array)
}

function addSlide(deck: pptxgen.default, slide: z.output<typeof slideSource>): void {
  const page = deck.addSlide({ masterName: 'TESSMERE' })
  page.addText(slide.title, { placeholder: 'title', fontSize: 32, bold: true, color: '1F3A4D' })
  if (slide.subtitle !== undefined) {
    page.addText(slide.subtitle, { x: 0.6, y: 2.4, w: 11.5, h: 1.2, fontSize: 22 })
  }
  if (slide.bullets !== undefined) {
    const lines = slide.bullets.map((text) => ({
      text,
      options: { bullet: true, breakLine: true },
    }))
    page.addText(lines, { x: 0.6, y: 1.6, w: 12, h: 4.6, fontSize: 22, valign: 'top' })
  }
  if (slide.table !== undefined) {
    const header = slide.table.columns.map((text) => ({ text, options: { bold: true } }))
    const rows = slide.table.rows.map((row) => row.map((text) => ({ text })))
    page.addTable([header, ...rows], {
      x: 0.6,
      y: 1.7,
      w: 12,
      fontSize: 18,
      border: { type: 'solid', pt: 1, color: 'BBBBBB' },
    })
  }
  if (slide.footnote !== undefined) {
    page.addText(slide.footnote, { x: 0.6, y: 6.4, w: 11, h: 0.5, fontSize: 13, color: '555555' })
  }
  if (slide.notes !== undefined) page.addNotes(slide.notes)
}
