// Renderers. Whatever an output says, no script of it runs here.

import { AnsiUp } from 'ansi_up'
import { useStore } from '@rtstore/react'
import { memo, type ReactNode, useEffect, useMemo, useRef } from 'react'

import { markdownHtml, mathMark } from './markdown.js'
import { clean } from './sanitize.js'

/** Sanitised. Its formulas are set when they are there. */
export function Html({ html, className = 'html' }: { html: string; className?: string }): ReactNode {
  const { baseUrl } = useStore()
  const element = useRef<HTMLDivElement>(null)
  const safe = useMemo(() => clean(html, baseUrl), [html, baseUrl])
  useEffect(() => {
    const formulas = element.current!.querySelectorAll<HTMLElement>('[data-tex]')
    if (formulas.length === 0) return
    let isOver = false
    void import('./katex.js').then(({ typeset }) => isOver || formulas.forEach(typeset))
    return () => {
      isOver = true
    }
  }, [safe])
  return <div className={className} ref={element} dangerouslySetInnerHTML={{ __html: safe }} />
}

export const Markdown = memo(function Markdown({ source }: { source: string }): ReactNode {
  const html = useMemo(() => markdownHtml(source), [source])
  return <Html html={html} className="markdown" />
})

export function Math({ tex }: { tex: string }): ReactNode {
  const bare = tex.trim().replace(/^\$+|\$+$/g, '').replace(/^\\\[|\\\]$/g, '')
  return <Html html={mathMark(bare, true)} />
}

/** Text of a terminal: its colours, and nothing else of what it can be told. */
export const Ansi = memo(function Ansi({ text, kind }: { text: string; kind: string }): ReactNode {
  const html = useMemo(() => {
    const ansi = new AnsiUp()
    ansi.use_classes = true
    return ansi.ansi_to_html(text.replace(/\n$/, ''))
  }, [text])
  return <pre className="text" data-kind={kind} dangerouslySetInnerHTML={{ __html: html }} />
})

/** Pictures run no scripts, SVG neither. */
export function Image({ source }: { source: string }): ReactNode {
  return <img src={source} alt="Output of the cell" />
}

export function Json({ value }: { value: unknown }): ReactNode {
  if (typeof value !== 'object' || value === null) {
    return <pre className="text">{JSON.stringify(value)}</pre>
  }
  return (
    <details className="json" open>
      <summary>{Array.isArray(value) ? `${value.length} items` : 'JSON'}</summary>
      <pre className="text">{JSON.stringify(value, null, 2)}</pre>
    </details>
  )
}
