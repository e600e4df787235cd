import { defineConfig } from 'vite'

import { library } from '../../scripts/library.js'

export default defineConfig(library(import.meta.dirname))
