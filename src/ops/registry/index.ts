export {
  askPromotion,
  type Decided,
  decidePromotion,
  listPromotions,
  type Promotion,
  setModelApprovers,
} from './promotions.ts'
export { type ModelUses, modelUses } from './uses.ts'
