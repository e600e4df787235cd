// Markdown with formulas, as HTML that is yet to be sanitised.

import { Marked, type Tokens } from 'marked'

const FORMULA = /^(\$\$([^$]+?)\$\$|\$(?![\s$])((?:\\.|[^\\$\n])+?)(?<!\s)\$(?!\d))/

interface Formula extends Tokens.Generic {
  tex: string
  isBlock: boolean
}

const marked = new Marked({
  gfm: true,
  async: false,
  extensions: [
    {
      name: 'formula',
      level: 'inline',
      start: (source) => source.indexOf('$'),
      tokenizer(source): Formula | undefined {
        const found = FORMULA.exec(source)
        if (!found) return undefined
        const tex = found[2] ?? found[3] ?? ''
        return { type: 'formula', raw: found[0], tex, isBlock: found[2] !== undefined }
      },
      renderer: (token) => mathMark((token as Formula).tex, (token as Formula).isBlock)
    }
  ]
})

export function markdownHtml(source: string): string {
  return marked.parse(source) as string
}

/** Where a formula comes; until it is set, its source is there. */
export function mathMark(tex: string, isBlock: boolean): string {
  const said = escape(tex)
  return `<span data-tex="${said}"${isBlock ? ' data-block=""' : ''}>${said}</span>`
}

function escape(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  return text.replace(/[&<>"]/g, (letter) => entities[letter]!)
}
