// Which store, and which document, the hooks below a provider speak of.

import type { RtDocument, RtStore } from '@rtstore/client'
import { createContext, createElement, type ReactElement, type ReactNode, useContext } from 'react'

const StoreContext = createContext<RtStore | null>(null)
const DocumentContext = createContext<RtDocument | null>(null)

/** The store of all hooks below. Make it once, outside of components. */
export function RtStoreProvider(props: { store: RtStore; children?: ReactNode }): ReactElement {
  return createElement(StoreContext.Provider, { value: props.store }, props.children)
}

/** The document of all hooks below that are not given another. */
export function RtDocumentProvider(props: {
  document: RtDocument
  children?: ReactNode
}): ReactElement {
  return createElement(DocumentContext.Provider, { value: props.document }, props.children)
}

export function useStore(): RtStore {
  const store = useContext(StoreContext)
  if (!store) throw new Error('no <RtStoreProvider> above')
  return store
}

/** The one given, or that of the nearest RtDocumentProvider, if there is one. */
export function useAnyDocument(given?: RtDocument): RtDocument | null {
  const found = useContext(DocumentContext)
  return given ?? found
}

/** The one given, or that of the nearest RtDocumentProvider. */
export function useThisDocument(given?: RtDocument): RtDocument {
  return existing(useAnyDocument(given))
}

export function existing(document: RtDocument | null): RtDocument {
  if (!document) throw new Error('give the hook a document, or put <RtDocumentProvider> above')
  return document
}
