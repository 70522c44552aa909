/** What one model call used. Parts are inside their whole, as the GenAI conventions count: cached and audio tokens in input, reasoning in output. */
export interface CallUsage {
  inputTokens: number
  outputTokens: number
  cacheReadTokens?: number | undefined
  /** Written to a cache, whatever its lifetime. */
  cacheWriteTokens?: number | undefined
  /** Those of `cacheWriteTokens` that stay for an hour. */
  cacheWrite1hTokens?: number | undefined
  reasoningTokens?: number | undefined
  citationTokens?: number | undefined
  audioInputTokens?: number | undefined
  imageInputTokens?: number | undefined
  videoInputTokens?: number | undefined
  audioCacheReadTokens?: number | undefined
  imageCacheReadTokens?: number | undefined
  audioOutputTokens?: number | undefined
  imageOutputTokens?: number | undefined
  videoOutputTokens?: number | undefined
  /** Searches of the web, and of stored files, that the provider made for the call. */
  webSearches?: number | undefined
  fileSearches?: number | undefined
}

/** Something that has a price of its own. The position of a unit in UNITS is its position in a row of the price table. */
export interface Unit {
  /** As price files and `spanwarden prices` write it. */
  readonly name: UnitName
  /** The key of genai-prices. */
  readonly key: string
  /** Field of the usage; the unit `request` is counted once a call. */
  readonly count: keyof CallUsage | undefined
  /** A unit is a part of every unit all of whose words it has. */
  readonly words: readonly string[]
}

export type UnitName =
  | 'input'
  | 'output'
  | 'cache_read'
  | 'cache_write'
  | 'cache_write_1h'
  | 'reasoning'
  | 'citation'
  | 'audio_input'
  | 'image_input'
  | 'video_input'
  | 'audio_cache_read'
  | 'image_cache_read'
  | 'audio_output'
  | 'image_output'
  | 'video_output'
  | 'web_search'
  | 'file_search'
  | 'request'

const unit = (name: UnitName, key: string, count: Unit['count'], ...words: string[]): Unit => ({
  name,
  key,
  count,
  words,
})

/** The frequent ones first: rows of the table end with their last price. */
export const UNITS: readonly Unit[] = [
  unit('input', 'input_mtok', 'inputTokens', 'input'),
  unit('output', 'output_mtok', 'outputTokens', 'output'),
  unit('cache_read', 'cache_read_mtok', 'cacheReadTokens', 'input', 'read'),
  unit('cache_write', 'cache_write_mtok', 'cacheWriteTokens', 'input', 'write'),
  unit('web_search', 'web_searches_kcount', 'webSearches'),
  unit('file_search', 'storage_searches_kcount', 'fileSearches'),
  unit('cache_write_1h', 'cache_write_1h_mtok', 'cacheWrite1hTokens', 'input', 'write', '1h'),
  unit('audio_input', 'input_audio_mtok', 'audioInputTokens', 'input', 'audio'),
  unit('audio_output', 'output_audio_mtok', 'audioOutputTokens', 'output', 'audio'),
  unit('audio_cache_read', 'cache_audio_read_mtok', 'audioCacheReadTokens', 'input', 'read', 'audio'),
  unit('image_input', 'input_image_mtok', 'imageInputTokens', 'input', 'image'),
  unit('image_output', 'output_image_mtok', 'imageOutputTokens', 'output', 'image'),
  unit('image_cache_read', 'cache_image_read_mtok', 'imageCacheReadTokens', 'input', 'read', 'image'),
  unit('reasoning', 'output_reasoning_mtok', 'reasoningTokens', 'output', 'reasoning'),
  unit('request', 'requests_kcount', undefined),
  unit('video_input', 'input_video_mtok', 'videoInputTokens', 'input', 'video'),
  unit('video_output', 'output_video_mtok', 'videoOutputTokens', 'output', 'video'),
  unit('citation', 'output_citation_mtok', 'citationTokens', 'output', 'citation'),
]

/** True for tokens, false for what is counted by the piece. */
export const isTokenUnit = ({ words }: Unit): boolean => words.length > 0

/** True when everything that `part` counts is counted by `whole` too. */
export const isPartOf = (part: Unit, whole: Unit): boolean =>
  part !== whole && isTokenUnit(whole) && whole.words.every((word) => part.words.includes(word))
