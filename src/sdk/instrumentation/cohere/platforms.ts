import { GEN_AI_PROVIDER_NAME_VALUE_AWS_BEDROCK } from '../../../conventions.ts'
import { fieldsOf, isFields, nameOf } from '../fields.ts'

/** Where a client for another platform than Cohere's own sends its calls. */
export interface Platform {
  readonly provider: string
  readonly url: string
}

export const platformOf = (fetcher: unknown): Platform | undefined =>
  typeof fetcher === 'function' ? platforms.get(fetcher) : undefined

/** Fetchers of the clients for Bedrock and SageMaker; nothing else of such a client tells what it speaks to. */
const platforms = new WeakMap<object, Platform>()

/** Takes a note of each fetcher that the library makes for a platform. */
export function watchPlatforms(exported: unknown): void {
  const original = fieldsOf(exported)['fetchOverride']
  if (!isFields(exported) || typeof original !== 'function') throw new TypeError('no fetchOverride to watch')
  Reflect.set(exported, 'fetchOverride', (platform: unknown, options: unknown, ...more: unknown[]): unknown => {
    const fetcher: unknown = Reflect.apply(original, undefined, [platform, options, ...more])
    const found = platform === 'bedrock' || platform === 'sagemaker' ? PLATFORMS[platform] : undefined
    const region = nameOf(fieldsOf(options)['awsRegion'])
    if (typeof fetcher === 'function' && found !== undefined && region !== undefined)
      platforms.set(fetcher, { provider: found.provider, url: `https://${found.host}.${region}.amazonaws.com` })
    return fetcher
  })
}

const PLATFORMS = {
  bedrock: { provider: GEN_AI_PROVIDER_NAME_VALUE_AWS_BEDROCK, host: 'bedrock-runtime' },
  // The conventions have no name for it.
  sagemaker: { provider: 'aws.sagemaker', host: 'runtime.sagemaker' },
}
