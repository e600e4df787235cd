// Markdown for the editor, without the languages that could be inside of it.

import { defineLanguageFacet, Language, LanguageSupport } from '@codemirror/language'
import { GFM, parser } from '@lezer/markdown'

const language = new Language(defineLanguageFacet(), parser.configure(GFM), [], 'markdown')

export function markdown(): LanguageSupport {
  return new LanguageSupport(language)
}
