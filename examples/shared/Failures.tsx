// What is shown instead of what can't be: the reason, and a way back.

import { RtClosedError } from '@rtstore/client'
import { Component, type ReactNode } from 'react'

interface Props {
  /** What `onAgain` is called on the button. */
  again: string
  onAgain(): void
  children: ReactNode
}

export class Failures extends Component<Props, { error: Error | null }> {
  override state: { error: Error | null } = { error: null }

  static getDerivedStateFromError(error: Error): { error: Error } {
    return { error }
  }

  override render(): ReactNode {
    const { error } = this.state
    if (!error) return this.props.children
    const isGone = error instanceof RtClosedError && error.why.code === 4404
    return (
      <div className="failure" role="alert">
        <h2>{isGone ? 'It is not there' : 'It can’t be shown'}</h2>
        <p>{error.message}</p>
        <button onClick={this.#again}>{this.props.again}</button>
      </div>
    )
  }

  readonly #again = (): void => {
    this.setState({ error: null })
    this.props.onAgain()
  }
}
