import { render } from 'preact'
import { App } from './app.tsx'

const host = document.getElementById('page')
if (host !== null) render(<App />, host)
