export { Embedders } from './embedders.ts'
export { ensureOwner, loadSample, ownerLink } from './first-start.ts'
export { samplesDir } from './folders.ts'
export { buildHouse, type House, type HouseOptions, version } from './house.ts'
export { Housekeeping } from './housekeeping.ts'
export { openLocalWork } from './local.ts'
export {
  beganByAnother,
  beginsOthers,
  processIndex,
  runProcesses,
  shareOf,
} from './processes.ts'
export { followReading, readingText, stillReading } from './reading.ts'
export { fillInVectors } from './upkeep-work.ts'
