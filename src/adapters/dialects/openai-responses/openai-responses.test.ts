import { dialectKit } from '../../../../conformance/dialect/index.ts'
import { createOpenAiResponses } from './index.ts'
import { samples } from './samples.fixture.ts'

dialectKit(createOpenAiResponses(), samples)
