import '@fontsource-variable/inter'
import '@examples/base.css'
import './todo.css'

import { Connect } from '@examples/Connect.js'
import { Failures } from '@examples/Failures.js'
import { StrictMode, Suspense } from 'react'
import { createRoot } from 'react-dom/client'

import { TodoList } from './TodoList.js'

const name = new URLSearchParams(location.search).get('list') ?? 'todo'

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <Connect title="Todo">
      <Failures again="Try again" onAgain={() => {}}>
        <Suspense fallback={<p className="wait">Opening…</p>}>
          <TodoList name={name} />
        </Suspense>
      </Failures>
    </Connect>
  </StrictMode>
)
