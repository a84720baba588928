export type { ApiHouse, SystemFacts, UploadFiles } from './house.ts'
export type { Route } from './http/route.ts'
export { routes } from './routes/index.ts'
export { createServer, type ServerOptions } from './server.ts'
