// What a cell shows below itself.

import type { Output } from '@rtstore/client'
import { useOutputs } from '@rtstore/react'
import { memo, type ReactNode } from 'react'

import { Question, questionOf } from './Question.js'
import { Ansi, Html, Image, Json, Markdown, Math } from './Rich.js'

export function Outputs({ cellId }: { cellId: string }): ReactNode {
  const outputs = useOutputs(cellId)
  if (outputs.length === 0) return null
  return (
    <div className="outputs" role="region" aria-label="Output" tabIndex={0}>
      {outputs.map((output, number) => (
        <OneOutput key={number} output={output} />
      ))}
    </div>
  )
}

const OneOutput = memo(function OneOutput({ output }: { output: Output }): ReactNode {
  const question = questionOf(output)
  if (question) return <Question {...question} />
  switch (output.output_type) {
    case 'stream':
      return <Ansi text={joined(output['text'])} kind={String(output['name'])} />
    case 'error':
      return <Ansi text={traceback(output)} kind="error" />
    default:
      return <Bundle data={(output['data'] ?? {}) as Record<string, unknown>} />
  }
})

/** The first of these that it has: the richest that is safe to show. */
const SHOWN: Record<string, (value: unknown) => ReactNode> = {
  'text/html': (value) => <Html html={joined(value)} />,
  'text/markdown': (value) => <Markdown source={joined(value)} />,
  'text/latex': (value) => <Math tex={joined(value)} />,
  'image/svg+xml': (value) => (
    <Image source={`data:image/svg+xml,${encodeURIComponent(joined(value))}`} />
  ),
  'image/png': (value) => <Image source={`data:image/png;base64,${joined(value)}`} />,
  'image/jpeg': (value) => <Image source={`data:image/jpeg;base64,${joined(value)}`} />,
  'image/gif': (value) => <Image source={`data:image/gif;base64,${joined(value)}`} />,
  'image/webp': (value) => <Image source={`data:image/webp;base64,${joined(value)}`} />,
  'application/json': (value) => <Json value={value} />,
  'text/plain': (value) => <Ansi text={joined(value)} kind="result" />
}

function Bundle({ data }: { data: Record<string, unknown> }): ReactNode {
  const found = Object.keys(SHOWN).find((mime) => data[mime] != null)
  if (found) return SHOWN[found]!(data[found])
  return <p className="quiet">Not shown here: {Object.keys(data).join(', ') || 'nothing'}</p>
}

function traceback(output: Output): string {
  const lines = output['traceback']
  if (Array.isArray(lines) && lines.length > 0) return lines.join('\n')
  return `${output['ename']}: ${output['evalue']}`
}

/** nbformat has long texts as one string or as lines. */
function joined(value: unknown): string {
  return Array.isArray(value) ? value.join('') : String(value ?? '')
}
