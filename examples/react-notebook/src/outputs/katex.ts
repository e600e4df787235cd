// Formulas; loaded with the first one.

import 'katex/dist/katex.min.css'

import katex from 'katex'

/** Replace the source of a formula by how it looks. */
export function typeset(element: HTMLElement): void {
  const { tex = '', block } = element.dataset
  katex.render(tex, element, { displayMode: block !== undefined, throwOnError: false })
}
