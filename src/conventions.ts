// Generated from conventions/*.yaml by `npm run generate`. Do not edit.

/** Schema URL of this registry. core: 1.45.0; genai: 6fd0d76 of 2026-10-09. */
export const SCHEMA_URL = 'https://spanwarden.dev/schemas/0.1.0'

/** How a metric is recorded. Boundaries are upper bounds of histogram buckets, in the unit. */
export interface MetricDefinition {
  readonly name: string
  readonly instrument: 'counter' | 'updowncounter' | 'gauge' | 'histogram'
  readonly unit: string
  readonly value: 'int' | 'double'
  readonly description: string
  readonly boundaries: readonly number[]
  readonly attributes: readonly string[]
}

/** Name of the operation. */
export const ATTR_GEN_AI_OPERATION_NAME = 'gen_ai.operation.name'
export const GEN_AI_OPERATION_NAME_VALUE_CHAT = 'chat'
export const GEN_AI_OPERATION_NAME_VALUE_GENERATE_CONTENT = 'generate_content'
export const GEN_AI_OPERATION_NAME_VALUE_TEXT_COMPLETION = 'text_completion'
export const GEN_AI_OPERATION_NAME_VALUE_EMBEDDINGS = 'embeddings'
export const GEN_AI_OPERATION_NAME_VALUE_RETRIEVAL = 'retrieval'
export const GEN_AI_OPERATION_NAME_VALUE_FETCH_RESPONSE = 'fetch_response'
export const GEN_AI_OPERATION_NAME_VALUE_CREATE_AGENT = 'create_agent'
export const GEN_AI_OPERATION_NAME_VALUE_INVOKE_AGENT = 'invoke_agent'
export const GEN_AI_OPERATION_NAME_VALUE_EXECUTE_TOOL = 'execute_tool'
export const GEN_AI_OPERATION_NAME_VALUE_INVOKE_WORKFLOW = 'invoke_workflow'
export const GEN_AI_OPERATION_NAME_VALUE_PLAN = 'plan'
export const GEN_AI_OPERATION_NAME_VALUE_SEARCH_MEMORY = 'search_memory'
export const GEN_AI_OPERATION_NAME_VALUE_CREATE_MEMORY = 'create_memory'
export const GEN_AI_OPERATION_NAME_VALUE_UPDATE_MEMORY = 'update_memory'
export const GEN_AI_OPERATION_NAME_VALUE_UPSERT_MEMORY = 'upsert_memory'
export const GEN_AI_OPERATION_NAME_VALUE_DELETE_MEMORY = 'delete_memory'
export const GEN_AI_OPERATION_NAME_VALUE_CREATE_MEMORY_STORE = 'create_memory_store'
export const GEN_AI_OPERATION_NAME_VALUE_DELETE_MEMORY_STORE = 'delete_memory_store'
/** Provider whose flavour of telemetry this is. */
export const ATTR_GEN_AI_PROVIDER_NAME = 'gen_ai.provider.name'
export const GEN_AI_PROVIDER_NAME_VALUE_OPENAI = 'openai'
export const GEN_AI_PROVIDER_NAME_VALUE_GCP_GEN_AI = 'gcp.gen_ai'
export const GEN_AI_PROVIDER_NAME_VALUE_GCP_VERTEX_AI = 'gcp.vertex_ai'
export const GEN_AI_PROVIDER_NAME_VALUE_GCP_GEMINI = 'gcp.gemini'
export const GEN_AI_PROVIDER_NAME_VALUE_ANTHROPIC = 'anthropic'
export const GEN_AI_PROVIDER_NAME_VALUE_COHERE = 'cohere'
export const GEN_AI_PROVIDER_NAME_VALUE_AZURE_AI_INFERENCE = 'azure.ai.inference'
export const GEN_AI_PROVIDER_NAME_VALUE_AZURE_AI_OPENAI = 'azure.ai.openai'
export const GEN_AI_PROVIDER_NAME_VALUE_IBM_WATSONX_AI = 'ibm.watsonx.ai'
export const GEN_AI_PROVIDER_NAME_VALUE_AWS_BEDROCK = 'aws.bedrock'
export const GEN_AI_PROVIDER_NAME_VALUE_PERPLEXITY = 'perplexity'
export const GEN_AI_PROVIDER_NAME_VALUE_X_AI = 'x_ai'
export const GEN_AI_PROVIDER_NAME_VALUE_DEEPSEEK = 'deepseek'
export const GEN_AI_PROVIDER_NAME_VALUE_GROQ = 'groq'
export const GEN_AI_PROVIDER_NAME_VALUE_MISTRAL_AI = 'mistral_ai'
export const GEN_AI_PROVIDER_NAME_VALUE_MOONSHOT_AI = 'moonshot_ai'
/** Conversation or thread that the call belongs to; never made up. */
export const ATTR_GEN_AI_CONVERSATION_ID = 'gen_ai.conversation.id'
/** The conversation was compacted before this call. */
export const ATTR_GEN_AI_CONVERSATION_COMPACTED = 'gen_ai.conversation.compacted'
/** Requested kind of output. */
export const ATTR_GEN_AI_OUTPUT_TYPE = 'gen_ai.output.type'
export const GEN_AI_OUTPUT_TYPE_VALUE_TEXT = 'text'
export const GEN_AI_OUTPUT_TYPE_VALUE_JSON = 'json'
export const GEN_AI_OUTPUT_TYPE_VALUE_IMAGE = 'image'
export const GEN_AI_OUTPUT_TYPE_VALUE_SPEECH = 'speech'
/** Model that was asked for. */
export const ATTR_GEN_AI_REQUEST_MODEL = 'gen_ai.request.model'
/** Set to true for streaming calls. */
export const ATTR_GEN_AI_REQUEST_STREAM = 'gen_ai.request.stream'
/** Sampling temperature. */
export const ATTR_GEN_AI_REQUEST_TEMPERATURE = 'gen_ai.request.temperature'
/** Nucleus sampling. */
export const ATTR_GEN_AI_REQUEST_TOP_P = 'gen_ai.request.top_p'
/** Top-k sampling. */
export const ATTR_GEN_AI_REQUEST_TOP_K = 'gen_ai.request.top_k'
/** Frequency penalty. */
export const ATTR_GEN_AI_REQUEST_FREQUENCY_PENALTY = 'gen_ai.request.frequency_penalty'
/** Presence penalty. */
export const ATTR_GEN_AI_REQUEST_PRESENCE_PENALTY = 'gen_ai.request.presence_penalty'
/** Upper bound of output tokens. */
export const ATTR_GEN_AI_REQUEST_MAX_TOKENS = 'gen_ai.request.max_tokens'
/** Seed for sampling. */
export const ATTR_GEN_AI_REQUEST_SEED = 'gen_ai.request.seed'
/** Sequences that end the output. */
export const ATTR_GEN_AI_REQUEST_STOP_SEQUENCES = 'gen_ai.request.stop_sequences'
/** Number of answers asked for, when not 1. */
export const ATTR_GEN_AI_REQUEST_CHOICE_COUNT = 'gen_ai.request.choice.count'
/** Encodings asked for in embeddings. */
export const ATTR_GEN_AI_REQUEST_ENCODING_FORMATS = 'gen_ai.request.encoding_formats'
/** The provider's exact word for the effort of reasoning. */
export const ATTR_GEN_AI_REQUEST_REASONING_LEVEL = 'gen_ai.request.reasoning.level'
/** Response that this one continues. */
export const ATTR_GEN_AI_REQUEST_PREVIOUS_RESPONSE_ID = 'gen_ai.request.previous_response.id'
/** Position at which a stored stream is resumed. */
export const ATTR_GEN_AI_REQUEST_STREAM_CURSOR = 'gen_ai.request.stream_cursor'
/** The provider's id of the response. */
export const ATTR_GEN_AI_RESPONSE_ID = 'gen_ai.response.id'
/** Model that answered. */
export const ATTR_GEN_AI_RESPONSE_MODEL = 'gen_ai.response.model'
/** Why each choice ended, in provider order. */
export const ATTR_GEN_AI_RESPONSE_FINISH_REASONS = 'gen_ai.response.finish_reasons'
/** Seconds to the first chunk of a stream. */
export const ATTR_GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK = 'gen_ai.response.time_to_first_chunk'
/** State of a stored response. */
export const ATTR_GEN_AI_RESPONSE_STATUS = 'gen_ai.response.status'
export const GEN_AI_RESPONSE_STATUS_VALUE_QUEUED = 'queued'
export const GEN_AI_RESPONSE_STATUS_VALUE_IN_PROGRESS = 'in_progress'
export const GEN_AI_RESPONSE_STATUS_VALUE_COMPLETED = 'completed'
export const GEN_AI_RESPONSE_STATUS_VALUE_INCOMPLETE = 'incomplete'
export const GEN_AI_RESPONSE_STATUS_VALUE_FAILED = 'failed'
export const GEN_AI_RESPONSE_STATUS_VALUE_CANCELLED = 'cancelled'
/** All input tokens, cached ones included. */
export const ATTR_GEN_AI_USAGE_INPUT_TOKENS = 'gen_ai.usage.input_tokens'
/** All output tokens, reasoning included. */
export const ATTR_GEN_AI_USAGE_OUTPUT_TOKENS = 'gen_ai.usage.output_tokens'
/** Input tokens served from a cache; part of the input tokens. */
export const ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS = 'gen_ai.usage.cache_read.input_tokens'
/** Input tokens written to a cache; part of the input tokens. */
export const ATTR_GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS = 'gen_ai.usage.cache_write.input_tokens'
/** Reasoning tokens; part of the output tokens. */
export const ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS = 'gen_ai.usage.reasoning.output_tokens'
/** Text tokens; part of the input tokens. */
export const ATTR_GEN_AI_USAGE_TEXT_INPUT_TOKENS = 'gen_ai.usage.text.input_tokens'
/** Image tokens; part of the input tokens. */
export const ATTR_GEN_AI_USAGE_IMAGE_INPUT_TOKENS = 'gen_ai.usage.image.input_tokens'
/** Audio tokens; part of the input tokens. */
export const ATTR_GEN_AI_USAGE_AUDIO_INPUT_TOKENS = 'gen_ai.usage.audio.input_tokens'
/** Text tokens; part of the output tokens. */
export const ATTR_GEN_AI_USAGE_TEXT_OUTPUT_TOKENS = 'gen_ai.usage.text.output_tokens'
/** Image tokens; part of the output tokens. */
export const ATTR_GEN_AI_USAGE_IMAGE_OUTPUT_TOKENS = 'gen_ai.usage.image.output_tokens'
/** Audio tokens; part of the output tokens. */
export const ATTR_GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS = 'gen_ai.usage.audio.output_tokens'
/** Text tokens from a cache. */
export const ATTR_GEN_AI_USAGE_TEXT_CACHE_READ_INPUT_TOKENS = 'gen_ai.usage.text.cache_read.input_tokens'
/** Image tokens from a cache. */
export const ATTR_GEN_AI_USAGE_IMAGE_CACHE_READ_INPUT_TOKENS = 'gen_ai.usage.image.cache_read.input_tokens'
/** Audio tokens from a cache. */
export const ATTR_GEN_AI_USAGE_AUDIO_CACHE_READ_INPUT_TOKENS = 'gen_ai.usage.audio.cache_read.input_tokens'
/** Modality of counted tokens. */
export const ATTR_GEN_AI_TOKEN_MODALITY = 'gen_ai.token.modality'
export const GEN_AI_TOKEN_MODALITY_VALUE_TEXT = 'text'
export const GEN_AI_TOKEN_MODALITY_VALUE_IMAGE = 'image'
export const GEN_AI_TOKEN_MODALITY_VALUE_AUDIO = 'audio'
export const GEN_AI_TOKEN_MODALITY_VALUE_UNKNOWN = 'unknown'
/** Dimensions of the embeddings. */
export const ATTR_GEN_AI_EMBEDDINGS_DIMENSION_COUNT = 'gen_ai.embeddings.dimension.count'
/** Stable id of a hosted agent. */
export const ATTR_GEN_AI_AGENT_ID = 'gen_ai.agent.id'
/** Name of the agent. */
export const ATTR_GEN_AI_AGENT_NAME = 'gen_ai.agent.name'
/** What the agent is for. */
export const ATTR_GEN_AI_AGENT_DESCRIPTION = 'gen_ai.agent.description'
/** Version of the agent. */
export const ATTR_GEN_AI_AGENT_VERSION = 'gen_ai.agent.version'
/** Id of the main agent of the process; a resource attribute. */
export const ATTR_GEN_AI_MAIN_AGENT_ID = 'gen_ai.main_agent.id'
/** Name of the main agent of the process; a resource attribute. */
export const ATTR_GEN_AI_MAIN_AGENT_NAME = 'gen_ai.main_agent.name'
/** What the main agent is for; a resource attribute. */
export const ATTR_GEN_AI_MAIN_AGENT_DESCRIPTION = 'gen_ai.main_agent.description'
/** Name of the workflow; of low cardinality. */
export const ATTR_GEN_AI_WORKFLOW_NAME = 'gen_ai.workflow.name'
/** Data source of a retrieval. */
export const ATTR_GEN_AI_DATA_SOURCE_ID = 'gen_ai.data_source.id'
/** Name of the tool. */
export const ATTR_GEN_AI_TOOL_NAME = 'gen_ai.tool.name'
/** Kind of tool. */
export const ATTR_GEN_AI_TOOL_TYPE = 'gen_ai.tool.type'
export const GEN_AI_TOOL_TYPE_VALUE_FUNCTION = 'function'
export const GEN_AI_TOOL_TYPE_VALUE_EXTENSION = 'extension'
export const GEN_AI_TOOL_TYPE_VALUE_DATASTORE = 'datastore'
/** What the tool does. */
export const ATTR_GEN_AI_TOOL_DESCRIPTION = 'gen_ai.tool.description'
/** The model's id of the tool call. */
export const ATTR_GEN_AI_TOOL_CALL_ID = 'gen_ai.tool.call.id'
/** Arguments of the tool call. */
export const ATTR_GEN_AI_TOOL_CALL_ARGUMENTS = 'gen_ai.tool.call.arguments'
/** Result of the tool call. */
export const ATTR_GEN_AI_TOOL_CALL_RESULT = 'gen_ai.tool.call.result'
/** Tools offered to the model. */
export const ATTR_GEN_AI_TOOL_DEFINITIONS = 'gen_ai.tool.definitions'
/** Messages sent to the model. */
export const ATTR_GEN_AI_INPUT_MESSAGES = 'gen_ai.input.messages'
/** Messages received from the model. */
export const ATTR_GEN_AI_OUTPUT_MESSAGES = 'gen_ai.output.messages'
/** System instructions. */
export const ATTR_GEN_AI_SYSTEM_INSTRUCTIONS = 'gen_ai.system_instructions'
/** Name of a prompt template. */
export const ATTR_GEN_AI_PROMPT_NAME = 'gen_ai.prompt.name'
/** Version of a prompt template. */
export const ATTR_GEN_AI_PROMPT_VERSION = 'gen_ai.prompt.version'
/** Number of documents asked for. */
export const ATTR_GEN_AI_RETRIEVAL_TOP_K = 'gen_ai.retrieval.top_k'
/** Query of a retrieval. */
export const ATTR_GEN_AI_RETRIEVAL_QUERY_TEXT = 'gen_ai.retrieval.query.text'
/** Documents that a retrieval found. */
export const ATTR_GEN_AI_RETRIEVAL_DOCUMENTS = 'gen_ai.retrieval.documents'
/** Memory store. */
export const ATTR_GEN_AI_MEMORY_STORE_ID = 'gen_ai.memory.store.id'
/** Memory record. */
export const ATTR_GEN_AI_MEMORY_RECORD_ID = 'gen_ai.memory.record.id'
/** Number of memory records. */
export const ATTR_GEN_AI_MEMORY_RECORD_COUNT = 'gen_ai.memory.record.count'
/** Query of a memory search. */
export const ATTR_GEN_AI_MEMORY_QUERY_TEXT = 'gen_ai.memory.query.text'
/** Memory records. */
export const ATTR_GEN_AI_MEMORY_RECORDS = 'gen_ai.memory.records'
/** Name of an evaluation. */
export const ATTR_GEN_AI_EVALUATION_NAME = 'gen_ai.evaluation.name'
/** Score of an evaluation. */
export const ATTR_GEN_AI_EVALUATION_SCORE_VALUE = 'gen_ai.evaluation.score.value'
/** Score of an evaluation in words. */
export const ATTR_GEN_AI_EVALUATION_SCORE_LABEL = 'gen_ai.evaluation.score.label'
/** Why the evaluation came out so. */
export const ATTR_GEN_AI_EVALUATION_EXPLANATION = 'gen_ai.evaluation.explanation'
/** Which OpenAI API. */
export const ATTR_OPENAI_API_TYPE = 'openai.api.type'
export const OPENAI_API_TYPE_VALUE_CHAT_COMPLETIONS = 'chat_completions'
export const OPENAI_API_TYPE_VALUE_RESPONSES = 'responses'
/** Service tier asked for, when not auto. */
export const ATTR_OPENAI_REQUEST_SERVICE_TIER = 'openai.request.service_tier'
export const OPENAI_REQUEST_SERVICE_TIER_VALUE_AUTO = 'auto'
export const OPENAI_REQUEST_SERVICE_TIER_VALUE_DEFAULT = 'default'
/** Service tier that served the call. */
export const ATTR_OPENAI_RESPONSE_SERVICE_TIER = 'openai.response.service_tier'
/** Fingerprint of the backend's configuration. */
export const ATTR_OPENAI_RESPONSE_SYSTEM_FINGERPRINT = 'openai.response.system_fingerprint'
/** Guardrail of Bedrock. */
export const ATTR_AWS_BEDROCK_GUARDRAIL_ID = 'aws.bedrock.guardrail.id'
/** MCP method. */
export const ATTR_MCP_METHOD_NAME = 'mcp.method.name'
export const MCP_METHOD_NAME_VALUE_INITIALIZE = 'initialize'
export const MCP_METHOD_NAME_VALUE_NOTIFICATIONS_INITIALIZED = 'notifications/initialized'
export const MCP_METHOD_NAME_VALUE_NOTIFICATIONS_CANCELLED = 'notifications/cancelled'
export const MCP_METHOD_NAME_VALUE_NOTIFICATIONS_PROGRESS = 'notifications/progress'
export const MCP_METHOD_NAME_VALUE_PING = 'ping'
export const MCP_METHOD_NAME_VALUE_RESOURCES_LIST = 'resources/list'
export const MCP_METHOD_NAME_VALUE_RESOURCES_TEMPLATES_LIST = 'resources/templates/list'
export const MCP_METHOD_NAME_VALUE_RESOURCES_READ = 'resources/read'
export const MCP_METHOD_NAME_VALUE_RESOURCES_SUBSCRIBE = 'resources/subscribe'
export const MCP_METHOD_NAME_VALUE_RESOURCES_UNSUBSCRIBE = 'resources/unsubscribe'
export const MCP_METHOD_NAME_VALUE_NOTIFICATIONS_RESOURCES_LIST_CHANGED = 'notifications/resources/list_changed'
export const MCP_METHOD_NAME_VALUE_NOTIFICATIONS_RESOURCES_UPDATED = 'notifications/resources/updated'
export const MCP_METHOD_NAME_VALUE_PROMPTS_LIST = 'prompts/list'
export const MCP_METHOD_NAME_VALUE_PROMPTS_GET = 'prompts/get'
export const MCP_METHOD_NAME_VALUE_NOTIFICATIONS_PROMPTS_LIST_CHANGED = 'notifications/prompts/list_changed'
export const MCP_METHOD_NAME_VALUE_TOOLS_LIST = 'tools/list'
export const MCP_METHOD_NAME_VALUE_TOOLS_CALL = 'tools/call'
export const MCP_METHOD_NAME_VALUE_NOTIFICATIONS_TOOLS_LIST_CHANGED = 'notifications/tools/list_changed'
export const MCP_METHOD_NAME_VALUE_LOGGING_SET_LEVEL = 'logging/setLevel'
export const MCP_METHOD_NAME_VALUE_NOTIFICATIONS_MESSAGE = 'notifications/message'
export const MCP_METHOD_NAME_VALUE_SAMPLING_CREATE_MESSAGE = 'sampling/createMessage'
export const MCP_METHOD_NAME_VALUE_COMPLETION_COMPLETE = 'completion/complete'
export const MCP_METHOD_NAME_VALUE_ROOTS_LIST = 'roots/list'
export const MCP_METHOD_NAME_VALUE_NOTIFICATIONS_ROOTS_LIST_CHANGED = 'notifications/roots/list_changed'
export const MCP_METHOD_NAME_VALUE_ELICITATION_CREATE = 'elicitation/create'
/** MCP session. */
export const ATTR_MCP_SESSION_ID = 'mcp.session.id'
/** Version of MCP. */
export const ATTR_MCP_PROTOCOL_VERSION = 'mcp.protocol.version'
/** Resource of an MCP request. */
export const ATTR_MCP_RESOURCE_URI = 'mcp.resource.uri'
/** Id of the JSON-RPC request. */
export const ATTR_JSONRPC_REQUEST_ID = 'jsonrpc.request.id'
/** Version of JSON-RPC, when not 2.0. */
export const ATTR_JSONRPC_PROTOCOL_VERSION = 'jsonrpc.protocol.version'
/** Status code of the RPC. */
export const ATTR_RPC_RESPONSE_STATUS_CODE = 'rpc.response.status_code'
/** Class of the error, of low cardinality. */
export const ATTR_ERROR_TYPE = 'error.type'
export const ERROR_TYPE_VALUE_OTHER = '_OTHER'
export const ERROR_TYPE_VALUE_TOOL_ERROR = 'tool_error'
/** Host that was called. */
export const ATTR_SERVER_ADDRESS = 'server.address'
/** Port that was called. */
export const ATTR_SERVER_PORT = 'server.port'
/** Port of the caller. */
export const ATTR_CLIENT_PORT = 'client.port'
/** Host that called. */
export const ATTR_CLIENT_ADDRESS = 'client.address'
/** Transport. */
export const ATTR_NETWORK_TRANSPORT = 'network.transport'
export const NETWORK_TRANSPORT_VALUE_TCP = 'tcp'
export const NETWORK_TRANSPORT_VALUE_UDP = 'udp'
export const NETWORK_TRANSPORT_VALUE_PIPE = 'pipe'
export const NETWORK_TRANSPORT_VALUE_UNIX = 'unix'
export const NETWORK_TRANSPORT_VALUE_QUIC = 'quic'
/** Application protocol. */
export const ATTR_NETWORK_PROTOCOL_NAME = 'network.protocol.name'
/** Version of the application protocol. */
export const ATTR_NETWORK_PROTOCOL_VERSION = 'network.protocol.version'
/** HTTP method. */
export const ATTR_HTTP_REQUEST_METHOD = 'http.request.method'
/** Which retry this is. */
export const ATTR_HTTP_REQUEST_RESEND_COUNT = 'http.request.resend_count'
/** HTTP status. */
export const ATTR_HTTP_RESPONSE_STATUS_CODE = 'http.response.status_code'
/** HTTP route. */
export const ATTR_HTTP_ROUTE = 'http.route'
/** Whole URL. */
export const ATTR_URL_FULL = 'url.full'
/** Query of the URL. */
export const ATTR_URL_QUERY = 'url.query'
/** Class of the exception. */
export const ATTR_EXCEPTION_TYPE = 'exception.type'
/** Message of the exception. */
export const ATTR_EXCEPTION_MESSAGE = 'exception.message'
/** Stack of the exception. */
export const ATTR_EXCEPTION_STACKTRACE = 'exception.stacktrace'
/** Id of the user. */
export const ATTR_USER_ID = 'user.id'
/** Id of the session. */
export const ATTR_SESSION_ID = 'session.id'
/** Logical name of the service. */
export const ATTR_SERVICE_NAME = 'service.name'
/** Namespace of the service. */
export const ATTR_SERVICE_NAMESPACE = 'service.namespace'
/** Version of the service. */
export const ATTR_SERVICE_VERSION = 'service.version'
/** Id of this instance, kept over restarts. */
export const ATTR_SERVICE_INSTANCE_ID = 'service.instance.id'
/** Deployment environment, for example production. */
export const ATTR_DEPLOYMENT_ENVIRONMENT_NAME = 'deployment.environment.name'
/** Name of the host. */
export const ATTR_HOST_NAME = 'host.name'
/** Process id. */
export const ATTR_PROCESS_PID = 'process.pid'
/** Name of the runtime. */
export const ATTR_PROCESS_RUNTIME_NAME = 'process.runtime.name'
/** Version of the runtime. */
export const ATTR_PROCESS_RUNTIME_VERSION = 'process.runtime.version'
/** Telemetry SDK. */
export const ATTR_TELEMETRY_SDK_NAME = 'telemetry.sdk.name'
export const TELEMETRY_SDK_NAME_VALUE_OPENTELEMETRY = 'opentelemetry'
/** Language of the SDK. */
export const ATTR_TELEMETRY_SDK_LANGUAGE = 'telemetry.sdk.language'
export const TELEMETRY_SDK_LANGUAGE_VALUE_NODEJS = 'nodejs'
/** Version of the SDK. */
export const ATTR_TELEMETRY_SDK_VERSION = 'telemetry.sdk.version'
/** Distribution of the SDK. */
export const ATTR_TELEMETRY_DISTRO_NAME = 'telemetry.distro.name'
/** Version of the distribution. */
export const ATTR_TELEMETRY_DISTRO_VERSION = 'telemetry.distro.version'
/** Marks the series that collects what the series limit refused. */
export const ATTR_OTEL_METRIC_OVERFLOW = 'otel.metric.overflow'
/** Cost of one model call, frozen when it was computed. */
export const ATTR_SPANWARDEN_COST_AMOUNT = 'spanwarden.cost.amount'
/** ISO 4217 currency of spanwarden.cost.amount. */
export const ATTR_SPANWARDEN_COST_CURRENCY = 'spanwarden.cost.currency'
export const SPANWARDEN_COST_CURRENCY_VALUE_USD = 'USD'
/** Who computed the amount. provider = it stood in the response, local = in the agent's process, sidecar = by the cost processor. unknown = nobody, there is no amount. */
export const ATTR_SPANWARDEN_COST_SOURCE = 'spanwarden.cost.source'
export const SPANWARDEN_COST_SOURCE_VALUE_PROVIDER = 'provider'
export const SPANWARDEN_COST_SOURCE_VALUE_LOCAL = 'local'
export const SPANWARDEN_COST_SOURCE_VALUE_SIDECAR = 'sidecar'
export const SPANWARDEN_COST_SOURCE_VALUE_UNKNOWN = 'unknown'
/** Says that the token counts of a model call are not the provider's final ones. partial = what it had sent when the answer broke off, unknown = it sent none. Absent = the provider's own. */
export const ATTR_SPANWARDEN_USAGE_SOURCE = 'spanwarden.usage.source'
export const SPANWARDEN_USAGE_SOURCE_VALUE_PARTIAL = 'partial'
export const SPANWARDEN_USAGE_SOURCE_VALUE_UNKNOWN = 'unknown'
/** Estimate of input tokens that the provider did not report, at four characters a token. Never part of a metric or a cost. */
export const ATTR_SPANWARDEN_USAGE_ESTIMATE_INPUT_TOKENS = 'spanwarden.usage.estimate.input_tokens'
/** Estimate of output tokens that the provider did not report, at four characters a token. Never part of a metric or a cost. */
export const ATTR_SPANWARDEN_USAGE_ESTIMATE_OUTPUT_TOKENS = 'spanwarden.usage.estimate.output_tokens'
/** Version of the price table that the amount was computed with; file or file-<version> = out of the user's price file. */
export const ATTR_SPANWARDEN_PRICE_TABLE_VERSION = 'spanwarden.price_table.version'
/** The tier that served a model call, as its provider names it, where that is not openai.response.service_tier and not the standard tier. It changes the price. */
export const ATTR_SPANWARDEN_SERVICE_TIER = 'spanwarden.service_tier'
/** Tokens written to a cache for an hour; part of gen_ai.usage.cache_write.input_tokens. */
export const ATTR_SPANWARDEN_USAGE_CACHE_WRITE_1H_INPUT_TOKENS = 'spanwarden.usage.cache_write_1h.input_tokens'
/** Searches of the web that the provider made for a model call and bills by the piece. */
export const ATTR_SPANWARDEN_USAGE_WEB_SEARCHES = 'spanwarden.usage.web_searches'
/** Searches of stored files that the provider made for a model call and bills by the piece. */
export const ATTR_SPANWARDEN_USAGE_FILE_SEARCHES = 'spanwarden.usage.file_searches'
/** What the guard decided before the call. */
export const ATTR_SPANWARDEN_GUARD_DECISION = 'spanwarden.guard.decision'
export const SPANWARDEN_GUARD_DECISION_VALUE_ALLOW = 'allow'
export const SPANWARDEN_GUARD_DECISION_VALUE_WARN = 'warn'
export const SPANWARDEN_GUARD_DECISION_VALUE_DENY = 'deny'
/** Name of the rule behind the decision. */
export const ATTR_SPANWARDEN_GUARD_RULE = 'spanwarden.guard.rule'
/** The limit of the output was lowered to what is left of a budget. Absent otherwise. */
export const ATTR_SPANWARDEN_BUDGET_CLAMPED = 'spanwarden.budget.clamped'
/** The limit of the output, in tokens for each choice, that was put into the request then. */
export const ATTR_SPANWARDEN_BUDGET_OUTPUT_TOKENS = 'spanwarden.budget.output_tokens'
/** Requests that were made for one model call, where it was more than one. */
export const ATTR_SPANWARDEN_CALL_ATTEMPTS = 'spanwarden.call.attempts'
/** Which attempt of retry() the call is part of, from the second on. */
export const ATTR_SPANWARDEN_RETRY_ATTEMPT = 'spanwarden.retry.attempt'
/** How far the loop detector has escalated. */
export const ATTR_SPANWARDEN_LOOP_LEVEL = 'spanwarden.loop.level'
export const SPANWARDEN_LOOP_LEVEL_VALUE_NONE = 'none'
export const SPANWARDEN_LOOP_LEVEL_VALUE_NOTICE = 'notice'
export const SPANWARDEN_LOOP_LEVEL_VALUE_WARN = 'warn'
export const SPANWARDEN_LOOP_LEVEL_VALUE_STOP = 'stop'
/** Number of places in this span, log record or resource that redaction replaced. */
export const ATTR_SPANWARDEN_REDACTION_COUNT = 'spanwarden.redaction.count'
/** Names of the rules that matched, sorted. */
export const ATTR_SPANWARDEN_REDACTION_RULES = 'spanwarden.redaction.rules'
/** Bytes that the values of this span, log record or data point have lost at their ends, because the backend takes no request of its size. Absent otherwise. */
export const ATTR_SPANWARDEN_TRUNCATED = 'spanwarden.truncated'
/** The redaction was only tried; what it would have replaced is still there. Absent otherwise. */
export const ATTR_SPANWARDEN_REDACTION_DRY_RUN = 'spanwarden.redaction.dry_run'
/** Outcome of a request or a tool call, as counted in metrics. */
export const ATTR_SPANWARDEN_RESULT = 'spanwarden.result'
export const SPANWARDEN_RESULT_VALUE_OK = 'ok'
export const SPANWARDEN_RESULT_VALUE_ERROR = 'error'
export const SPANWARDEN_RESULT_VALUE_DENIED = 'denied'
/** Kind of token. cache_read and cache_write are parts of input, reasoning is a part of output, so a total is input + output. */
export const ATTR_SPANWARDEN_TOKEN_TYPE = 'spanwarden.token.type'
export const SPANWARDEN_TOKEN_TYPE_VALUE_INPUT = 'input'
export const SPANWARDEN_TOKEN_TYPE_VALUE_OUTPUT = 'output'
export const SPANWARDEN_TOKEN_TYPE_VALUE_CACHE_READ = 'cache_read'
export const SPANWARDEN_TOKEN_TYPE_VALUE_CACHE_WRITE = 'cache_write'
export const SPANWARDEN_TOKEN_TYPE_VALUE_REASONING = 'reasoning'
/** Class of a tool's effect on the outside world, as its author declared it. */
export const ATTR_SPANWARDEN_TOOL_CLASS = 'spanwarden.tool.class'
export const SPANWARDEN_TOOL_CLASS_VALUE_READ = 'read'
export const SPANWARDEN_TOOL_CLASS_VALUE_WRITE = 'write'
export const SPANWARDEN_TOOL_CLASS_VALUE_POST = 'post'
export const SPANWARDEN_TOOL_CLASS_VALUE_PAY = 'pay'
export const SPANWARDEN_TOOL_CLASS_VALUE_DELETE = 'delete'
/** Name of the queue whose depth is reported. `running` counts the root agent invocations that are under way. */
export const ATTR_SPANWARDEN_QUEUE_NAME = 'spanwarden.queue.name'
/** The span was still open when its process ended, and was ended for it. Says how the process ended. */
export const ATTR_SPANWARDEN_UNFINISHED = 'spanwarden.unfinished'
export const SPANWARDEN_UNFINISHED_VALUE_PROCESS_EXIT = 'process_exit'
export const SPANWARDEN_UNFINISHED_VALUE_UNCAUGHT_EXCEPTION = 'uncaught_exception'
export const SPANWARDEN_UNFINISHED_VALUE_SIGTERM = 'SIGTERM'
export const SPANWARDEN_UNFINISHED_VALUE_SIGINT = 'SIGINT'
export const SPANWARDEN_UNFINISHED_VALUE_SIGHUP = 'SIGHUP'
/** Name that the span came with, where the normalizer gave it the one of the GenAI conventions. */
export const ATTR_SPANWARDEN_ORIGINAL_SPAN_NAME = 'spanwarden.original.span_name'
/** Content of a model call. */
export const EVENT_GEN_AI_CLIENT_INFERENCE_OPERATION_DETAILS = 'gen_ai.client.inference.operation.details'
/** A client operation failed. */
export const EVENT_GEN_AI_CLIENT_OPERATION_EXCEPTION = 'gen_ai.client.operation.exception'
/** Result of an evaluation. */
export const EVENT_GEN_AI_EVALUATION_RESULT = 'gen_ai.evaluation.result'
/** An exception on a span. */
export const EVENT_EXCEPTION = 'exception'
/** Duration of a request. A request is a root agent invocation; of a process that has none, the root span of the trace. */
export const METRIC_AGENT_REQUEST_LATENCY = 'agent.request.latency'
/** Failed requests divided by finished requests in the sliding window. */
export const METRIC_AGENT_ERROR_RATE = 'agent.error.rate'
/** Finished tool calls by tool and result. */
export const METRIC_AGENT_TOOL_CALLS = 'agent.tool.calls'
/** Tokens of model calls by model and token type. cache_read and cache_write are parts of input, reasoning is a part of output. */
export const METRIC_AGENT_TOKENS_USED = 'agent.tokens.used'
/** Requests that wait or run, as reported by the agent. */
export const METRIC_AGENT_QUEUE_DEPTH = 'agent.queue.depth'
/** Finished requests by result. */
export const METRIC_AGENT_REQUESTS = 'agent.requests'
/** Cost of model calls with a known price. */
export const METRIC_AGENT_COST = 'agent.cost'
/** Model calls whose tokens the provider did not report, or not to the end. What is missing is in no other metric. */
export const METRIC_AGENT_USAGE_UNKNOWN = 'agent.usage.unknown'
/** Unix time at which the newest telemetry of the agent arrived. */
export const METRIC_AGENT_HEARTBEAT_TIMESTAMP = 'agent.heartbeat.timestamp'
/** Duration of a model call as its caller saw it. */
export const METRIC_GEN_AI_CLIENT_INFERENCE_DURATION = 'gen_ai.client.inference.duration'
/** Duration of a client operation other than inference (embeddings, retrieval, memory). */
export const METRIC_GEN_AI_CLIENT_OPERATION_DURATION = 'gen_ai.client.operation.duration'
/** Time from a streaming model call to its first chunk. */
export const METRIC_GEN_AI_CLIENT_INFERENCE_TIME_TO_FIRST_CHUNK = 'gen_ai.client.inference.time_to_first_chunk'
/** Input tokens of model calls, cached ones included. */
export const METRIC_GEN_AI_CLIENT_INFERENCE_USAGE_INPUT_TOKENS = 'gen_ai.client.inference.usage.input_tokens'
/** Output tokens of model calls, reasoning included. */
export const METRIC_GEN_AI_CLIENT_INFERENCE_USAGE_OUTPUT_TOKENS = 'gen_ai.client.inference.usage.output_tokens'
/** Input tokens served from a cache, a part of the input tokens. */
export const METRIC_GEN_AI_CLIENT_INFERENCE_USAGE_CACHE_READ_INPUT_TOKENS =
  'gen_ai.client.inference.usage.cache_read.input_tokens'
/** Input tokens written to a cache, a part of the input tokens. */
export const METRIC_GEN_AI_CLIENT_INFERENCE_USAGE_CACHE_WRITE_INPUT_TOKENS =
  'gen_ai.client.inference.usage.cache_write.input_tokens'
/** Reasoning tokens, a part of the output tokens. */
export const METRIC_GEN_AI_CLIENT_INFERENCE_USAGE_REASONING_OUTPUT_TOKENS =
  'gen_ai.client.inference.usage.reasoning.output_tokens'
/** Duration of a tool execution. */
export const METRIC_GEN_AI_EXECUTE_TOOL_DURATION = 'gen_ai.execute_tool.duration'
/** Duration of an agent invocation in this process. */
export const METRIC_GEN_AI_INVOKE_AGENT_DURATION = 'gen_ai.invoke_agent.duration'
/** Duration of a workflow. */
export const METRIC_GEN_AI_INVOKE_WORKFLOW_DURATION = 'gen_ai.invoke_workflow.duration'
/** Duration of an MCP request as the client saw it. */
export const METRIC_MCP_CLIENT_OPERATION_DURATION = 'mcp.client.operation.duration'

const AGENT_SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 20, 30, 45, 60, 120, 300, 600]
const INFERENCE_SECONDS = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]
const INVOCATION_SECONDS = [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 102.4, 204.8, 409.6]
const WORKFLOW_SECONDS = [1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200]
const MCP_SECONDS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300]

/** Every metric that we emit, by name. */
export const METRICS: Readonly<Record<string, MetricDefinition>> = {
  'agent.request.latency': {
    name: 'agent.request.latency',
    instrument: 'histogram',
    unit: 's',
    value: 'double',
    description:
      'Duration of a request. A request is a root agent invocation; of a process that has none, the root span of the trace.',
    boundaries: AGENT_SECONDS,
    attributes: ['gen_ai.agent.name', 'spanwarden.result'],
  },
  'agent.error.rate': {
    name: 'agent.error.rate',
    instrument: 'gauge',
    unit: '1',
    value: 'double',
    description: 'Failed requests divided by finished requests in the sliding window.',
    boundaries: [],
    attributes: ['gen_ai.agent.name'],
  },
  'agent.tool.calls': {
    name: 'agent.tool.calls',
    instrument: 'counter',
    unit: '{call}',
    value: 'int',
    description: 'Finished tool calls by tool and result.',
    boundaries: [],
    attributes: ['gen_ai.tool.name', 'spanwarden.result'],
  },
  'agent.tokens.used': {
    name: 'agent.tokens.used',
    instrument: 'counter',
    unit: '{token}',
    value: 'int',
    description:
      'Tokens of model calls by model and token type. cache_read and cache_write are parts of input, reasoning is a part of output.',
    boundaries: [],
    attributes: ['gen_ai.provider.name', 'gen_ai.request.model', 'spanwarden.token.type'],
  },
  'agent.queue.depth': {
    name: 'agent.queue.depth',
    instrument: 'gauge',
    unit: '{request}',
    value: 'int',
    description: 'Requests that wait or run, as reported by the agent.',
    boundaries: [],
    attributes: ['spanwarden.queue.name'],
  },
  'agent.requests': {
    name: 'agent.requests',
    instrument: 'counter',
    unit: '{request}',
    value: 'int',
    description: 'Finished requests by result.',
    boundaries: [],
    attributes: ['gen_ai.agent.name', 'spanwarden.result'],
  },
  'agent.cost': {
    name: 'agent.cost',
    instrument: 'counter',
    unit: 'USD',
    value: 'double',
    description: 'Cost of model calls with a known price.',
    boundaries: [],
    attributes: ['gen_ai.provider.name', 'gen_ai.request.model'],
  },
  'agent.usage.unknown': {
    name: 'agent.usage.unknown',
    instrument: 'counter',
    unit: '{call}',
    value: 'int',
    description:
      'Model calls whose tokens the provider did not report, or not to the end. What is missing is in no other metric.',
    boundaries: [],
    attributes: ['gen_ai.provider.name', 'gen_ai.request.model', 'spanwarden.usage.source'],
  },
  'agent.heartbeat.timestamp': {
    name: 'agent.heartbeat.timestamp',
    instrument: 'gauge',
    unit: 's',
    value: 'double',
    description: 'Unix time at which the newest telemetry of the agent arrived.',
    boundaries: [],
    attributes: [],
  },
  'gen_ai.client.inference.duration': {
    name: 'gen_ai.client.inference.duration',
    instrument: 'histogram',
    unit: 's',
    value: 'double',
    description: 'Duration of a model call as its caller saw it.',
    boundaries: INFERENCE_SECONDS,
    attributes: [
      'gen_ai.operation.name',
      'gen_ai.provider.name',
      'gen_ai.request.model',
      'gen_ai.response.model',
      'error.type',
    ],
  },
  'gen_ai.client.operation.duration': {
    name: 'gen_ai.client.operation.duration',
    instrument: 'histogram',
    unit: 's',
    value: 'double',
    description: 'Duration of a client operation other than inference (embeddings, retrieval, memory).',
    boundaries: INFERENCE_SECONDS,
    attributes: ['gen_ai.operation.name', 'gen_ai.provider.name', 'gen_ai.request.model', 'error.type'],
  },
  'gen_ai.client.inference.time_to_first_chunk': {
    name: 'gen_ai.client.inference.time_to_first_chunk',
    instrument: 'histogram',
    unit: 's',
    value: 'double',
    description: 'Time from a streaming model call to its first chunk.',
    boundaries: INFERENCE_SECONDS,
    attributes: ['gen_ai.operation.name', 'gen_ai.provider.name', 'gen_ai.request.model'],
  },
  'gen_ai.client.inference.usage.input_tokens': {
    name: 'gen_ai.client.inference.usage.input_tokens',
    instrument: 'counter',
    unit: '{token}',
    value: 'int',
    description: 'Input tokens of model calls, cached ones included.',
    boundaries: [],
    attributes: ['gen_ai.operation.name', 'gen_ai.provider.name', 'gen_ai.request.model', 'gen_ai.token.modality'],
  },
  'gen_ai.client.inference.usage.output_tokens': {
    name: 'gen_ai.client.inference.usage.output_tokens',
    instrument: 'counter',
    unit: '{token}',
    value: 'int',
    description: 'Output tokens of model calls, reasoning included.',
    boundaries: [],
    attributes: ['gen_ai.operation.name', 'gen_ai.provider.name', 'gen_ai.request.model', 'gen_ai.token.modality'],
  },
  'gen_ai.client.inference.usage.cache_read.input_tokens': {
    name: 'gen_ai.client.inference.usage.cache_read.input_tokens',
    instrument: 'counter',
    unit: '{token}',
    value: 'int',
    description: 'Input tokens served from a cache, a part of the input tokens.',
    boundaries: [],
    attributes: ['gen_ai.operation.name', 'gen_ai.provider.name', 'gen_ai.request.model', 'gen_ai.token.modality'],
  },
  'gen_ai.client.inference.usage.cache_write.input_tokens': {
    name: 'gen_ai.client.inference.usage.cache_write.input_tokens',
    instrument: 'counter',
    unit: '{token}',
    value: 'int',
    description: 'Input tokens written to a cache, a part of the input tokens.',
    boundaries: [],
    attributes: ['gen_ai.operation.name', 'gen_ai.provider.name', 'gen_ai.request.model', 'gen_ai.token.modality'],
  },
  'gen_ai.client.inference.usage.reasoning.output_tokens': {
    name: 'gen_ai.client.inference.usage.reasoning.output_tokens',
    instrument: 'counter',
    unit: '{token}',
    value: 'int',
    description: 'Reasoning tokens, a part of the output tokens.',
    boundaries: [],
    attributes: ['gen_ai.operation.name', 'gen_ai.provider.name', 'gen_ai.request.model', 'gen_ai.token.modality'],
  },
  'gen_ai.execute_tool.duration': {
    name: 'gen_ai.execute_tool.duration',
    instrument: 'histogram',
    unit: 's',
    value: 'double',
    description: 'Duration of a tool execution.',
    boundaries: INFERENCE_SECONDS,
    attributes: ['gen_ai.tool.name', 'gen_ai.agent.name', 'error.type'],
  },
  'gen_ai.invoke_agent.duration': {
    name: 'gen_ai.invoke_agent.duration',
    instrument: 'histogram',
    unit: 's',
    value: 'double',
    description: 'Duration of an agent invocation in this process.',
    boundaries: INVOCATION_SECONDS,
    attributes: ['gen_ai.agent.name', 'gen_ai.request.model', 'error.type'],
  },
  'gen_ai.invoke_workflow.duration': {
    name: 'gen_ai.invoke_workflow.duration',
    instrument: 'histogram',
    unit: 's',
    value: 'double',
    description: 'Duration of a workflow.',
    boundaries: WORKFLOW_SECONDS,
    attributes: ['gen_ai.workflow.name', 'error.type'],
  },
  'mcp.client.operation.duration': {
    name: 'mcp.client.operation.duration',
    instrument: 'histogram',
    unit: 's',
    value: 'double',
    description: 'Duration of an MCP request as the client saw it.',
    boundaries: MCP_SECONDS,
    attributes: ['mcp.method.name', 'gen_ai.tool.name', 'error.type'],
  },
}

/** Keys recognised on the wire. Index = wire key id - 1; 0 = unknown. Names of today come first, so of two ids that mean the same the lower one wins. */
export const WIRE_KEYS: readonly string[] = [
  'gen_ai.operation.name',
  'gen_ai.provider.name',
  'gen_ai.conversation.id',
  'gen_ai.conversation.compacted',
  'gen_ai.output.type',
  'gen_ai.request.model',
  'gen_ai.request.stream',
  'gen_ai.request.temperature',
  'gen_ai.request.top_p',
  'gen_ai.request.top_k',
  'gen_ai.request.frequency_penalty',
  'gen_ai.request.presence_penalty',
  'gen_ai.request.max_tokens',
  'gen_ai.request.seed',
  'gen_ai.request.stop_sequences',
  'gen_ai.request.choice.count',
  'gen_ai.request.encoding_formats',
  'gen_ai.request.reasoning.level',
  'gen_ai.request.previous_response.id',
  'gen_ai.request.stream_cursor',
  'gen_ai.response.id',
  'gen_ai.response.model',
  'gen_ai.response.finish_reasons',
  'gen_ai.response.time_to_first_chunk',
  'gen_ai.response.status',
  'gen_ai.usage.input_tokens',
  'gen_ai.usage.output_tokens',
  'gen_ai.usage.cache_read.input_tokens',
  'gen_ai.usage.cache_write.input_tokens',
  'gen_ai.usage.reasoning.output_tokens',
  'gen_ai.usage.text.input_tokens',
  'gen_ai.usage.image.input_tokens',
  'gen_ai.usage.audio.input_tokens',
  'gen_ai.usage.text.output_tokens',
  'gen_ai.usage.image.output_tokens',
  'gen_ai.usage.audio.output_tokens',
  'gen_ai.usage.text.cache_read.input_tokens',
  'gen_ai.usage.image.cache_read.input_tokens',
  'gen_ai.usage.audio.cache_read.input_tokens',
  'gen_ai.token.modality',
  'gen_ai.embeddings.dimension.count',
  'gen_ai.agent.id',
  'gen_ai.agent.name',
  'gen_ai.agent.description',
  'gen_ai.agent.version',
  'gen_ai.main_agent.id',
  'gen_ai.main_agent.name',
  'gen_ai.main_agent.description',
  'gen_ai.workflow.name',
  'gen_ai.data_source.id',
  'gen_ai.tool.name',
  'gen_ai.tool.type',
  'gen_ai.tool.description',
  'gen_ai.tool.call.id',
  'gen_ai.tool.call.arguments',
  'gen_ai.tool.call.result',
  'gen_ai.tool.definitions',
  'gen_ai.input.messages',
  'gen_ai.output.messages',
  'gen_ai.system_instructions',
  'gen_ai.prompt.name',
  'gen_ai.prompt.version',
  'gen_ai.retrieval.top_k',
  'gen_ai.retrieval.query.text',
  'gen_ai.retrieval.documents',
  'gen_ai.memory.store.id',
  'gen_ai.memory.record.id',
  'gen_ai.memory.record.count',
  'gen_ai.memory.query.text',
  'gen_ai.memory.records',
  'gen_ai.evaluation.name',
  'gen_ai.evaluation.score.value',
  'gen_ai.evaluation.score.label',
  'gen_ai.evaluation.explanation',
  'openai.api.type',
  'openai.request.service_tier',
  'openai.response.service_tier',
  'openai.response.system_fingerprint',
  'aws.bedrock.guardrail.id',
  'mcp.method.name',
  'mcp.session.id',
  'mcp.protocol.version',
  'mcp.resource.uri',
  'jsonrpc.request.id',
  'jsonrpc.protocol.version',
  'rpc.response.status_code',
  'error.type',
  'server.address',
  'server.port',
  'client.port',
  'client.address',
  'network.transport',
  'network.protocol.name',
  'network.protocol.version',
  'http.request.method',
  'http.request.resend_count',
  'http.response.status_code',
  'http.route',
  'url.full',
  'url.query',
  'exception.type',
  'exception.message',
  'exception.stacktrace',
  'user.id',
  'session.id',
  'service.name',
  'service.namespace',
  'service.version',
  'service.instance.id',
  'deployment.environment.name',
  'host.name',
  'process.pid',
  'process.runtime.name',
  'process.runtime.version',
  'telemetry.sdk.name',
  'telemetry.sdk.language',
  'telemetry.sdk.version',
  'telemetry.distro.name',
  'telemetry.distro.version',
  'otel.metric.overflow',
  'spanwarden.cost.amount',
  'spanwarden.cost.currency',
  'spanwarden.cost.source',
  'spanwarden.usage.source',
  'spanwarden.usage.estimate.input_tokens',
  'spanwarden.usage.estimate.output_tokens',
  'spanwarden.price_table.version',
  'spanwarden.service_tier',
  'spanwarden.usage.cache_write_1h.input_tokens',
  'spanwarden.usage.web_searches',
  'spanwarden.usage.file_searches',
  'spanwarden.guard.decision',
  'spanwarden.guard.rule',
  'spanwarden.budget.clamped',
  'spanwarden.budget.output_tokens',
  'spanwarden.call.attempts',
  'spanwarden.retry.attempt',
  'spanwarden.loop.level',
  'spanwarden.redaction.count',
  'spanwarden.redaction.rules',
  'spanwarden.truncated',
  'spanwarden.redaction.dry_run',
  'spanwarden.result',
  'spanwarden.token.type',
  'spanwarden.tool.class',
  'spanwarden.queue.name',
  'spanwarden.unfinished',
  'spanwarden.original.span_name',
  'ai.operationId',
  'ai.model.provider',
  'ai.model.id',
  'ai.settings.maxOutputTokens',
  'ai.settings.maxTokens',
  'ai.settings.temperature',
  'ai.settings.topP',
  'ai.settings.topK',
  'ai.settings.frequencyPenalty',
  'ai.settings.presencePenalty',
  'ai.settings.seed',
  'ai.settings.stopSequences',
  'ai.response.id',
  'ai.response.model',
  'ai.response.finishReason',
  'ai.usage.promptTokens',
  'ai.usage.inputTokens',
  'ai.usage.tokens',
  'ai.usage.completionTokens',
  'ai.usage.outputTokens',
  'ai.usage.cachedInputTokens',
  'ai.usage.reasoningTokens',
  'ai.toolCall.name',
  'ai.toolCall.id',
  'ai.toolCall.args',
  'ai.toolCall.result',
  'ai.prompt.messages',
  'ai.prompt',
  'ai.prompt.tools',
  'ai.response.text',
  'ai.response.toolCalls',
  'ai.response.reasoning',
  'ai.response.object',
  'ai.telemetry.functionId',
  'gen_ai.client.operation.time_to_first_chunk',
  'anthropic.message.stop_reason',
  'span.type',
  'langfuse.observation.type',
  'langfuse.observation.model.name',
  'langfuse.observation.prompt.name',
  'langfuse.observation.prompt.version',
  'langfuse.observation.input',
  'langfuse.observation.output',
  'langsmith.span.kind',
  'operation.cost',
  'pydantic_ai.all_messages',
  'openinference.span.kind',
  'llm.provider',
  'llm.system',
  'llm.request.model_name',
  'llm.model_name',
  'llm.response.model_name',
  'embedding.model_name',
  'llm.token_count.prompt',
  'llm.token_count.completion',
  'llm.token_count.prompt_details.cache_read',
  'llm.token_count.prompt_details.cache_write',
  'llm.token_count.prompt_details.audio',
  'llm.token_count.completion_details.reasoning',
  'llm.token_count.completion_details.audio',
  'llm.finish_reason',
  'llm.cost.total',
  'tool.name',
  'tool.description',
  'tool_call.id',
  'tool_call.function.arguments',
  'agent.name',
  'input.value',
  'output.value',
  'llm.request.type',
  'traceloop.span.kind',
  'traceloop.workflow.name',
  'llm.vendor',
  'llm.request.model',
  'llm.response.model',
  'llm.usage.prompt_tokens',
  'llm.usage.completion_tokens',
  'llm.usage.cache_creation_input_tokens',
  'llm.usage.cache_read_input_tokens',
  'llm.usage.reasoning_tokens',
  'gen_ai.usage.cache_creation_input_tokens',
  'gen_ai.usage.cache_write_input_tokens',
  'gen_ai.usage.cache_read_input_tokens',
  'gen_ai.usage.reasoning_tokens',
  'gen_ai.usage.cost',
  'gen_ai.usage.total_cost',
  'llm.request.max_tokens',
  'llm.request.temperature',
  'llm.request.top_p',
  'llm.top_k',
  'llm.frequency_penalty',
  'llm.presence_penalty',
  'llm.chat.stop_sequences',
  'llm.is_streaming',
  'gen_ai.request.is_stream',
  'llm.response.finish_reason',
  'llm.response.stop_reason',
  'llm.request.functions',
  'traceloop.entity.name',
  'traceloop.entity.input',
  'traceloop.entity.output',
  'gen_ai.system',
  'gen_ai.usage.prompt_tokens',
  'gen_ai.usage.completion_tokens',
  'gen_ai.usage.cache_creation.input_tokens',
  'gen_ai.openai.request.seed',
  'gen_ai.openai.request.response_format',
  'gen_ai.openai.request.service_tier',
  'gen_ai.openai.response.service_tier',
  'gen_ai.openai.response.system_fingerprint',
  'rpc.jsonrpc.request_id',
  'rpc.jsonrpc.version',
  'gen_ai.prompt',
  'gen_ai.completion',
  'logfire.msg',
]

/** Per entry of WIRE_KEYS the wire key id of its name of today (its own id where it is one). */
export const CANONICAL_WIRE_IDS: readonly number[] = [
  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32,
  33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61,
  62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90,
  91, 92, 93, 94, 95, 96, 97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115,
  116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127, 128, 129, 130, 131, 132, 133, 134, 135, 136, 137, 138,
  139, 140, 141, 142, 143, 144, 145, 146, 147, 148, 1, 2, 6, 13, 13, 8, 9, 10, 11, 12, 14, 15, 21, 22, 23, 26, 26, 26,
  27, 27, 28, 30, 51, 54, 55, 56, 58, 58, 57, 59, 59, 59, 59, 43, 24, 23, 1, 1, 6, 61, 62, 58, 59, 1, 121, 58, 1, 2, 2,
  6, 6, 22, 6, 26, 27, 28, 29, 33, 30, 36, 23, 121, 51, 53, 54, 55, 43, 58, 59, 1, 1, 49, 2, 6, 22, 26, 27, 29, 28, 30,
  29, 29, 28, 30, 121, 121, 13, 8, 9, 10, 11, 12, 15, 7, 7, 23, 23, 57, 43, 58, 59, 2, 26, 27, 29, 14, 5, 76, 77, 78,
  84, 85, 58, 59, 263,
]

/** Old or foreign attribute key → its name of today. */
export const CANONICAL_KEYS: Readonly<Record<string, string>> = {
  'ai.operationId': 'gen_ai.operation.name',
  'ai.model.provider': 'gen_ai.provider.name',
  'ai.model.id': 'gen_ai.request.model',
  'ai.settings.maxOutputTokens': 'gen_ai.request.max_tokens',
  'ai.settings.maxTokens': 'gen_ai.request.max_tokens',
  'ai.settings.temperature': 'gen_ai.request.temperature',
  'ai.settings.topP': 'gen_ai.request.top_p',
  'ai.settings.topK': 'gen_ai.request.top_k',
  'ai.settings.frequencyPenalty': 'gen_ai.request.frequency_penalty',
  'ai.settings.presencePenalty': 'gen_ai.request.presence_penalty',
  'ai.settings.seed': 'gen_ai.request.seed',
  'ai.settings.stopSequences': 'gen_ai.request.stop_sequences',
  'ai.response.id': 'gen_ai.response.id',
  'ai.response.model': 'gen_ai.response.model',
  'ai.response.finishReason': 'gen_ai.response.finish_reasons',
  'ai.usage.promptTokens': 'gen_ai.usage.input_tokens',
  'ai.usage.inputTokens': 'gen_ai.usage.input_tokens',
  'ai.usage.tokens': 'gen_ai.usage.input_tokens',
  'ai.usage.completionTokens': 'gen_ai.usage.output_tokens',
  'ai.usage.outputTokens': 'gen_ai.usage.output_tokens',
  'ai.usage.cachedInputTokens': 'gen_ai.usage.cache_read.input_tokens',
  'ai.usage.reasoningTokens': 'gen_ai.usage.reasoning.output_tokens',
  'ai.toolCall.name': 'gen_ai.tool.name',
  'ai.toolCall.id': 'gen_ai.tool.call.id',
  'ai.toolCall.args': 'gen_ai.tool.call.arguments',
  'ai.toolCall.result': 'gen_ai.tool.call.result',
  'ai.prompt.messages': 'gen_ai.input.messages',
  'ai.prompt': 'gen_ai.input.messages',
  'ai.prompt.tools': 'gen_ai.tool.definitions',
  'ai.response.text': 'gen_ai.output.messages',
  'ai.response.toolCalls': 'gen_ai.output.messages',
  'ai.response.reasoning': 'gen_ai.output.messages',
  'ai.response.object': 'gen_ai.output.messages',
  'ai.telemetry.functionId': 'gen_ai.agent.name',
  'gen_ai.client.operation.time_to_first_chunk': 'gen_ai.response.time_to_first_chunk',
  'anthropic.message.stop_reason': 'gen_ai.response.finish_reasons',
  'span.type': 'gen_ai.operation.name',
  'langfuse.observation.type': 'gen_ai.operation.name',
  'langfuse.observation.model.name': 'gen_ai.request.model',
  'langfuse.observation.prompt.name': 'gen_ai.prompt.name',
  'langfuse.observation.prompt.version': 'gen_ai.prompt.version',
  'langfuse.observation.input': 'gen_ai.input.messages',
  'langfuse.observation.output': 'gen_ai.output.messages',
  'langsmith.span.kind': 'gen_ai.operation.name',
  'operation.cost': 'spanwarden.cost.amount',
  'pydantic_ai.all_messages': 'gen_ai.input.messages',
  'openinference.span.kind': 'gen_ai.operation.name',
  'llm.provider': 'gen_ai.provider.name',
  'llm.system': 'gen_ai.provider.name',
  'llm.request.model_name': 'gen_ai.request.model',
  'llm.model_name': 'gen_ai.request.model',
  'llm.response.model_name': 'gen_ai.response.model',
  'embedding.model_name': 'gen_ai.request.model',
  'llm.token_count.prompt': 'gen_ai.usage.input_tokens',
  'llm.token_count.completion': 'gen_ai.usage.output_tokens',
  'llm.token_count.prompt_details.cache_read': 'gen_ai.usage.cache_read.input_tokens',
  'llm.token_count.prompt_details.cache_write': 'gen_ai.usage.cache_write.input_tokens',
  'llm.token_count.prompt_details.audio': 'gen_ai.usage.audio.input_tokens',
  'llm.token_count.completion_details.reasoning': 'gen_ai.usage.reasoning.output_tokens',
  'llm.token_count.completion_details.audio': 'gen_ai.usage.audio.output_tokens',
  'llm.finish_reason': 'gen_ai.response.finish_reasons',
  'llm.cost.total': 'spanwarden.cost.amount',
  'tool.name': 'gen_ai.tool.name',
  'tool.description': 'gen_ai.tool.description',
  'tool_call.id': 'gen_ai.tool.call.id',
  'tool_call.function.arguments': 'gen_ai.tool.call.arguments',
  'agent.name': 'gen_ai.agent.name',
  'input.value': 'gen_ai.input.messages',
  'output.value': 'gen_ai.output.messages',
  'llm.request.type': 'gen_ai.operation.name',
  'traceloop.span.kind': 'gen_ai.operation.name',
  'traceloop.workflow.name': 'gen_ai.workflow.name',
  'llm.vendor': 'gen_ai.provider.name',
  'llm.request.model': 'gen_ai.request.model',
  'llm.response.model': 'gen_ai.response.model',
  'llm.usage.prompt_tokens': 'gen_ai.usage.input_tokens',
  'llm.usage.completion_tokens': 'gen_ai.usage.output_tokens',
  'llm.usage.cache_creation_input_tokens': 'gen_ai.usage.cache_write.input_tokens',
  'llm.usage.cache_read_input_tokens': 'gen_ai.usage.cache_read.input_tokens',
  'llm.usage.reasoning_tokens': 'gen_ai.usage.reasoning.output_tokens',
  'gen_ai.usage.cache_creation_input_tokens': 'gen_ai.usage.cache_write.input_tokens',
  'gen_ai.usage.cache_write_input_tokens': 'gen_ai.usage.cache_write.input_tokens',
  'gen_ai.usage.cache_read_input_tokens': 'gen_ai.usage.cache_read.input_tokens',
  'gen_ai.usage.reasoning_tokens': 'gen_ai.usage.reasoning.output_tokens',
  'gen_ai.usage.cost': 'spanwarden.cost.amount',
  'gen_ai.usage.total_cost': 'spanwarden.cost.amount',
  'llm.request.max_tokens': 'gen_ai.request.max_tokens',
  'llm.request.temperature': 'gen_ai.request.temperature',
  'llm.request.top_p': 'gen_ai.request.top_p',
  'llm.top_k': 'gen_ai.request.top_k',
  'llm.frequency_penalty': 'gen_ai.request.frequency_penalty',
  'llm.presence_penalty': 'gen_ai.request.presence_penalty',
  'llm.chat.stop_sequences': 'gen_ai.request.stop_sequences',
  'llm.is_streaming': 'gen_ai.request.stream',
  'gen_ai.request.is_stream': 'gen_ai.request.stream',
  'llm.response.finish_reason': 'gen_ai.response.finish_reasons',
  'llm.response.stop_reason': 'gen_ai.response.finish_reasons',
  'llm.request.functions': 'gen_ai.tool.definitions',
  'traceloop.entity.name': 'gen_ai.agent.name',
  'traceloop.entity.input': 'gen_ai.input.messages',
  'traceloop.entity.output': 'gen_ai.output.messages',
  'gen_ai.system': 'gen_ai.provider.name',
  'gen_ai.usage.prompt_tokens': 'gen_ai.usage.input_tokens',
  'gen_ai.usage.completion_tokens': 'gen_ai.usage.output_tokens',
  'gen_ai.usage.cache_creation.input_tokens': 'gen_ai.usage.cache_write.input_tokens',
  'gen_ai.openai.request.seed': 'gen_ai.request.seed',
  'gen_ai.openai.request.response_format': 'gen_ai.output.type',
  'gen_ai.openai.request.service_tier': 'openai.request.service_tier',
  'gen_ai.openai.response.service_tier': 'openai.response.service_tier',
  'gen_ai.openai.response.system_fingerprint': 'openai.response.system_fingerprint',
  'rpc.jsonrpc.request_id': 'jsonrpc.request.id',
  'rpc.jsonrpc.version': 'jsonrpc.protocol.version',
  'gen_ai.prompt': 'gen_ai.input.messages',
  'gen_ai.completion': 'gen_ai.output.messages',
}

/** Per attribute of today: old or foreign value → its value of today. */
export const CANONICAL_VALUES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'gen_ai.operation.name': {
    'ai.generateText': 'invoke_agent',
    'ai.streamText': 'invoke_agent',
    'ai.generateObject': 'invoke_agent',
    'ai.streamObject': 'invoke_agent',
    'ai.generateText.doGenerate': 'chat',
    'ai.streamText.doStream': 'chat',
    'ai.generateObject.doGenerate': 'chat',
    'ai.streamObject.doStream': 'chat',
    'ai.embed.doEmbed': 'embeddings',
    'ai.embedMany.doEmbed': 'embeddings',
    'ai.toolCall': 'execute_tool',
    interaction: 'invoke_agent',
    llm_request: 'chat',
    tool: 'execute_tool',
    generation: 'chat',
    embedding: 'embeddings',
    agent: 'invoke_agent',
    retriever: 'retrieval',
    chain: 'invoke_workflow',
    llm: 'chat',
    LLM: 'chat',
    EMBEDDING: 'embeddings',
    RETRIEVER: 'retrieval',
    AGENT: 'invoke_agent',
    TOOL: 'execute_tool',
    CHAIN: 'invoke_workflow',
    completion: 'text_completion',
    workflow: 'invoke_workflow',
  },
  'gen_ai.provider.name': {
    'openai.chat': 'openai',
    'openai.responses': 'openai',
    'openai.completion': 'openai',
    'openai.embedding': 'openai',
    'azure-openai.chat': 'azure.ai.openai',
    'azure-openai.responses': 'azure.ai.openai',
    'anthropic.messages': 'anthropic',
    'google.generative-ai': 'gcp.gemini',
    'google.vertex.chat': 'gcp.vertex_ai',
    'amazon-bedrock': 'aws.bedrock',
    'mistral.chat': 'mistral_ai',
    'groq.chat': 'groq',
    'xai.chat': 'x_ai',
    'deepseek.chat': 'deepseek',
    'cohere.chat': 'cohere',
    azure: 'azure.ai.openai',
    aws: 'aws.bedrock',
    google: 'gcp.gen_ai',
    mistralai: 'mistral_ai',
    vertexai: 'gcp.vertex_ai',
    moonshot: 'moonshot_ai',
    OpenAI: 'openai',
    Anthropic: 'anthropic',
    Azure: 'azure.ai.openai',
    AWS: 'aws.bedrock',
    Cohere: 'cohere',
    Google: 'gcp.gen_ai',
    MistralAI: 'mistral_ai',
    'az.ai.openai': 'azure.ai.openai',
    'az.ai.inference': 'azure.ai.inference',
    vertex_ai: 'gcp.vertex_ai',
    gemini: 'gcp.gemini',
    xai: 'x_ai',
  },
  'gen_ai.output.type': {
    json_object: 'json',
    json_schema: 'json',
  },
}

/** Attributes that hold message content, under every name of them. */
export const CONTENT_KEYS: readonly string[] = [
  'gen_ai.tool.call.arguments',
  'gen_ai.tool.call.result',
  'gen_ai.tool.definitions',
  'gen_ai.input.messages',
  'gen_ai.output.messages',
  'gen_ai.system_instructions',
  'gen_ai.retrieval.query.text',
  'gen_ai.retrieval.documents',
  'gen_ai.memory.query.text',
  'gen_ai.memory.records',
  'gen_ai.evaluation.explanation',
  'mcp.resource.uri',
  'url.full',
  'url.query',
  'exception.message',
  'exception.stacktrace',
  'ai.toolCall.args',
  'ai.toolCall.result',
  'ai.prompt.messages',
  'ai.prompt',
  'ai.prompt.tools',
  'ai.response.text',
  'ai.response.toolCalls',
  'ai.response.reasoning',
  'ai.response.object',
  'langfuse.observation.input',
  'langfuse.observation.output',
  'pydantic_ai.all_messages',
  'tool_call.function.arguments',
  'input.value',
  'output.value',
  'llm.request.functions',
  'traceloop.entity.input',
  'traceloop.entity.output',
  'gen_ai.prompt',
  'gen_ai.completion',
]

/** Families of attributes that hold message content: whatever starts with one of these. */
export const CONTENT_KEY_PREFIXES: readonly string[] = [
  'gen_ai.prompt.variable.',
  'gen_ai.completion.',
  'llm.input_messages.',
  'llm.output_messages.',
  'llm.prompts.',
  'llm.completions.',
  'ai.prompt',
  'ai.response.object',
  'ai.response.toolCalls',
  'retrieval.documents.',
]
