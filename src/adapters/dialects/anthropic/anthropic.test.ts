import { dialectKit } from '../../../../conformance/dialect/index.ts'
import { createAnthropic } from './index.ts'
import { samples } from './samples.fixture.ts'

dialectKit(createAnthropic(), samples)
