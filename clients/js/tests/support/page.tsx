// A page with React in it.

import type { RtStore } from '@rtstore/client'
import { RtStoreProvider } from '@rtstore/react'
import { Component, type ReactNode, StrictMode, Suspense } from 'react'
import { createRoot } from 'react-dom/client'
import { onTestFinished } from 'vitest'

import { until } from './server.js'

export interface Page {
  element: HTMLElement
  /** What a person reads. */
  readonly text: string
  /** Wait until the page has this text in it. */
  shows(text: string): Promise<void>
  /** Click the button of this name. */
  click(name: string): void
  leave(): void
}

class Boundary extends Component<{ children: ReactNode }> {
  override state: { error: Error | null } = { error: null }

  static getDerivedStateFromError(error: Error): { error: Error } {
    return { error }
  }

  override render(): ReactNode {
    const { error } = this.state
    return error ? `${error.name}: ${error.message}` : this.props.children
  }
}

/** Show `children` in StrictMode, below a boundary and a fallback. */
export function page(store: RtStore, children: ReactNode): Page {
  const element = document.body.appendChild(document.createElement('div'))
  const root = createRoot(element)
  root.render(
    <StrictMode>
      <RtStoreProvider store={store}>
        <Boundary>
          <Suspense fallback="loading">{children}</Suspense>
        </Boundary>
      </RtStoreProvider>
    </StrictMode>
  )
  let isGone = false
  const leave = (): void => {
    if (isGone) return
    isGone = true
    root.unmount()
    element.remove()
  }
  onTestFinished(leave)
  return {
    element,
    get text() {
      return element.textContent ?? ''
    },
    async shows(text) {
      await until(() => element.textContent?.includes(text), `the page shows ${text}`).catch((error) => {
        throw new Error(`${error.message}; it shows ${element.textContent}`)
      })
    },
    click(name) {
      const buttons = [...element.querySelectorAll('button')]
      const found = buttons.find((button) => button.textContent === name)
      if (!found) throw new Error(`no button ${name}`)
      found.click()
    },
    leave
  }
}
