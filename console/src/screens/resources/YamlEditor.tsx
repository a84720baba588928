import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { yaml } from '@codemirror/lang-yaml'
import { HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting } from '@codemirror/language'
import { type Diagnostic, lintGutter, setDiagnostics } from '@codemirror/lint'
import { EditorState } from '@codemirror/state'
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  keymap,
  lineNumbers,
} from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { useEffect, useRef } from 'react'
import type { LineProblem } from './line-problems.ts'

interface YamlEditorProps {
  /** What the editor begins with. Later the text is its own: a value put back from outside would eat fast typing. */
  initial: string
  onChange: (value: string) => void
  problems: LineProblem[]
  /** Ctrl-S. */
  onSave?: () => void
  readOnly?: boolean
}

/**
 * A YAML editor in a shadow tree: there it may use constructed style sheets, where in the page it would write a style
 * element, which the content security policy refuses.
 */
export function YamlEditor({ initial, onChange, problems, onSave, readOnly }: YamlEditorProps) {
  const host = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView>(undefined)
  const latest = useRef({ onChange, onSave })
  latest.current = { onChange, onSave }
  // biome-ignore lint/correctness/useExhaustiveDependencies: the editor is made once, with the text it begins with
  useEffect(() => {
    if (!host.current) return
    const root = host.current.shadowRoot ?? host.current.attachShadow({ mode: 'open' })
    const editor = new EditorView({
      parent: root,
      root,
      state: EditorState.create({
        doc: initial,
        extensions: extensionsFor({
          readOnly: readOnly ?? false,
          onChange: (text) => latest.current.onChange(text),
          onSave: () => latest.current.onSave?.(),
        }),
      }),
    })
    view.current = editor
    return () => editor.destroy()
  }, [readOnly])
  useEffect(() => {
    const editor = view.current
    if (editor) editor.dispatch(setDiagnostics(editor.state, diagnosticsOf(editor, problems)))
  }, [problems])
  return <div ref={host} className="h-full min-h-0" />
}

interface Wiring {
  readOnly: boolean
  onChange: (text: string) => void
  onSave: () => void
}

function extensionsFor({ readOnly, onChange, onSave }: Wiring) {
  const save = {
    key: 'Mod-s',
    run: () => {
      onSave()
      return true
    },
  }
  return [
    lineNumbers(),
    history(),
    drawSelection(),
    highlightActiveLine(),
    indentOnInput(),
    indentUnit.of('  '),
    yaml(),
    syntaxHighlighting(colours),
    lintGutter(),
    // Tab moves the focus on, as everywhere: nobody is caught in the editor.
    keymap.of([save, ...defaultKeymap, ...historyKeymap]),
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ 'aria-label': 'YAML' }),
    EditorState.readOnly.of(readOnly),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) onChange(update.state.doc.toString())
    }),
    look,
  ]
}

function diagnosticsOf(editor: EditorView, problems: LineProblem[]): Diagnostic[] {
  const { doc } = editor.state
  return problems.flatMap(({ line, column, message }) => {
    if (line === undefined || line < 1 || line > doc.lines) return []
    const { from, to } = doc.line(line)
    const at = Math.min(to, from + Math.max(0, (column ?? 1) - 1))
    return [{ from: at, to: Math.max(at, to), severity: 'error' as const, message }]
  })
}

const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--accent)' },
  { tag: [tags.comment], color: 'var(--ink-3)' },
  { tag: [tags.string, tags.content], color: 'var(--ink)' },
  { tag: [tags.number, tags.bool, tags.null, tags.keyword], color: 'var(--good)' },
  { tag: [tags.punctuation, tags.separator], color: 'var(--ink-3)' },
])

const look = EditorView.theme({
  '&': { height: '100%', color: 'var(--ink)', backgroundColor: 'var(--surface)', fontSize: '13px' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--font-mono)', lineHeight: '20px' },
  '.cm-content': { padding: '12px 0', caretColor: 'var(--ink)' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '.cm-gutters': {
    color: 'var(--ink-3)',
    backgroundColor: 'var(--surface)',
    border: 'none',
    paddingLeft: '4px',
  },
  '.cm-activeLine': { backgroundColor: 'color-mix(in oklch, var(--hover) 60%, transparent)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground':
    { backgroundColor: 'var(--accent-soft)' },
  '.cm-tooltip': {
    color: 'var(--ink)',
    backgroundColor: 'var(--raised)',
    border: '1px solid var(--line)',
    borderRadius: '6px',
  },
  '.cm-diagnostic-error': { borderLeftColor: 'var(--blocked)' },
})
