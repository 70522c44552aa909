import type { ComponentDefinition } from './component.ts'
import { agentMetrics } from './connectors/agent-metrics.ts'
import { spanMetrics } from './connectors/span-metrics.ts'
import { debug } from './exporters/debug.ts'
import { file } from './exporters/file.ts'
import { kafka } from './exporters/kafka.ts'
import { otlpGrpc } from './exporters/otlp-grpc.ts'
import { otlpHttp } from './exporters/otlp-http.ts'
import { prometheus } from './exporters/prometheus.ts'
import { store } from './exporters/store.ts'
import { basicauth } from './extensions/basicauth.ts'
import { bearertokenauth } from './extensions/bearertokenauth.ts'
import { fileStorage } from './extensions/file-storage.ts'
import { healthCheck } from './extensions/health-check.ts'
import { guard } from './extensions/guard.ts'
import { page } from './extensions/page.ts'
import { attributes } from './processors/attributes.ts'
import { cost } from './processors/cost.ts'
import { filter } from './processors/filter.ts'
import { genAiNormalizer } from './processors/gen-ai-normalizer.ts'
import { memoryLimiter } from './processors/memory-limiter.ts'
import { redaction } from './processors/redaction.ts'
import { resource } from './processors/resource.ts'
import { tailSampling } from './processors/tail-sampling.ts'
import { otlp } from './receivers/otlp.ts'
import { spool } from './receivers/spool.ts'

/** Every component that a configuration can name. A new one is a file and a line here. */
export const components: readonly ComponentDefinition[] = [
  otlp,
  spool,
  memoryLimiter,
  filter,
  attributes,
  redaction,
  resource,
  cost,
  genAiNormalizer,
  tailSampling,
  agentMetrics,
  spanMetrics,
  debug,
  file,
  kafka,
  otlpGrpc,
  otlpHttp,
  prometheus,
  store,
  basicauth,
  bearertokenauth,
  fileStorage,
  guard,
  healthCheck,
  page,
]
