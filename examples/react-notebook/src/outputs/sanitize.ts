// HTML of strangers, made harmless: no scripts, no styles for the page, no forms to be taken in by.

import DOMPurify from 'dompurify'

const purifier = DOMPurify(window)
let base = ''

purifier.addHook('afterSanitizeAttributes', (element) => {
  for (const name of ['src', 'href']) {
    const link = element.getAttribute(name)
    // Those of the server are without its address.
    if (link?.startsWith('/')) element.setAttribute(name, new URL(link, base).href)
  }
  if (element.tagName === 'A') {
    element.setAttribute('target', '_blank')
    element.setAttribute('rel', 'noopener noreferrer')
  }
})

export function clean(html: string, baseUrl: string): string {
  base = baseUrl
  return purifier.sanitize(html, {
    USE_PROFILES: { html: true, svg: true },
    FORBID_TAGS: ['style', 'form', 'input', 'button', 'textarea', 'select', 'option', 'dialog'],
    SANITIZE_NAMED_PROPS: true
  })
}
