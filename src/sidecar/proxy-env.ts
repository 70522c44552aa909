type Environment = Readonly<Record<string, string | undefined>>

/**
 * What agents of node:http are to know of proxies: HTTP_PROXY, HTTPS_PROXY and NO_PROXY of the environment, where NODE_USE_ENV_PROXY=1 asks for it as it does for Node's own
 * requests. Undefined: no proxy. Node 22.21, 24.5 and later; older ones go straight.
 */
export const proxyEnvOf = (env: Environment): Environment | undefined =>
  env['NODE_USE_ENV_PROXY'] === '1' ? env : undefined
