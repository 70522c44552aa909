import { start } from './sdk/start.ts'

// node --import spanwarden/register agent.js
start(process.env)
