import '@fontsource-variable/inter'
import '@fontsource-variable/jetbrains-mono'
import '@examples/base.css'
import './styles/page.css'
import './styles/cells.css'
import './styles/outputs.css'

import { Connect } from '@examples/Connect.js'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'

import { App } from './App.js'

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <Connect title="Notebook">
      <App />
    </Connect>
  </StrictMode>
)
