import { dialectKit } from '../../../../conformance/dialect/index.ts'
import { createOpenAiChat } from './index.ts'
import { samples } from './samples.fixture.ts'

dialectKit(createOpenAiChat(), samples)
