export { openEmbedders } from './embedders.ts'
export { ensureOwner, fillInVectors, loadSample, ownerLink } from './first-start.ts'
export { samplesDir } from './folders.ts'
export { buildHouse, type House, type HouseOptions, version } from './house.ts'
