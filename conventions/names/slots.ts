/** What goes into the slots of templates.ts; own lists. */
const list = (text: string): readonly string[] => text.trim().split(/\s*[|\n]\s*/)

export const TOOLS =
  list(`Jenkins|Gradle|Maven|Bazel|Kafka|Cassandra|Redis|Postgres|Mongo|MySQL|Elastic|Kibana|Grafana|Prometheus|Loki|Tempo|Jaeger|Zipkin|Consul|Vault|Nomad
Terraform|Ansible|Puppet|Chef|Vagrant|Docker|Kubernetes|Helm|Istio|Envoy|Traefik|Nginx|Apache|Tomcat|Jetty|Travis|Airflow|Dagster|Prefect|Luigi|Lucene|Solr|Spark|Hadoop|Flink|Storm|Hive
Pig|Presto|Trino|Snowflake|Redshift|Aurora|Dynamo|Athena|Lambda|Bedrock|Azure|Vercel|Netlify|Heroku|Python|Ruby|Java|Kotlin|Scala|Julia|Perl|Rust|Swift|Haskell|Erlang|Elixir|Dart|Ada
Pascal|Fortran|Lisp|TypeScript|JavaScript|Node|Deno|React|Angular|Vue|Svelte|Ember|Astro|Express|Fastify|Koa|Hapi|Nest|Django|Flask|Rails|Sinatra|Laravel|Symfony|Spring|Hibernate|Phoenix
Jackson|Gson|Jest|Mocha|Chai|Jasmine|Karma|Cypress|Playwright|Selenium|Babel|Webpack|Vite|Rollup|Parcel|Numpy|Pandas|Keras|Jupyter|Anaconda|Poetry|Linux|Ubuntu|Debian|Fedora|Red Hat
Alpine|Gentoo|Ubuntu Focal|Ubuntu Noble|Ubuntu Xenial|Debian Buster|Debian Bookworm|Jessie|Windows|Android|Chrome|Firefox|Safari|Opera|Brave|Mozilla|Claude|Gemini|Llama|Mistral|Gemma|Falcon
Cohere|Claude Opus|Claude Sonnet|Claude Haiku|Titan|Nova|Copilot|Codex|Whisper|Sora|Grok|Alexa|Siri|Cortana|Watson|Jira|Confluence|Trello|Notion|Figma|Slack|Zoom|Sentry|Datadog|Splunk
Dagger|Tekton|Argo|Flux|Keel|Otto|Max|Bosch|Travis CI|Hudson|Bamboo|Buddy|Codeship|Drone|Concourse|Spinnaker|Octopus|Rancher|Longhorn|Harbor|Linkerd|Cilium|Calico|Falco|Tekton|Kyverno|Kong
Celery|Rabbit|Pulsar|Nats|Dask|Ray|Prefect|Metaflow|Kedro|Hugo|Jekyll|Pelican|Ghost|Sanity|Strapi|Hasura|Prisma|Drizzle|Knex|Bull|Agenda|Winston|Pino|Bunyan|Morgan|Lodash|Ramda|Axios|Ky|Got`)

export const BRANDS =
  list(`Google|Amazon|Microsoft|Apple|Facebook|Meta|Netflix|Oracle|Intel|Nvidia|Samsung|Sony|Toyota|Ford|Honda|Boeing|Airbus|Tesla|Uber|Lyft|Airbnb|Spotify|Stripe|PayPal|Visa
Mastercard|Walmart|Target|Starbucks|Adobe|Salesforce|Disney|Nike|Adidas|Puma|Chase|Wells Fargo|Morgan Stanley|Goldman Sachs|Merrill Lynch|Barclays|Hilton|Marriott|Hyatt|Mercedes|Chevrolet|Dodge
Johnson & Johnson|Procter & Gamble|Ben & Jerry's|McDonald's|Wendy's|Macy's|Lowe's|Kellogg|Heinz|Dell|Hewlett Packard|Siemens|Bosch|Philips|Porsche|Ferrari|Chanel|Gucci|Prada|Versace|Ralph Lauren
Tommy Hilfiger|Calvin Klein|Levi's|Wilson|Dyson|Casper|Lincoln|Bentley|Cadillac|Chrysler|Charles Schwab|Lloyds|Baker Hughes|Ernst & Young|Lockheed Martin|Harley Davidson|Anthropic|OpenAI|Warner Bros`)

export const EPONYMS =
  list(`Dijkstra|Bayes|Gauss|Newton|Euler|Fourier|Laplace|Markov|Poisson|Bernoulli|Hamming|Levenshtein|Floyd|Warshall|Kruskal|Bellman|Fibonacci|Huffman|Hesse|Jacobi|Lagrange|Hilbert
Banach|Turing|Pearson|Spearman|Kendall|Shannon|Nash|Pareto|Kalman|Viterbi|Gibbs|Cauchy|Riemann|Taylor|Bloom|Merkle|Luhn|Caesar|Kelvin|Hertz|Pascal|Ampere|Wilson|Benford|Zipf|Amdahl|Moore|Conway
Wiener|Student|Fisher|Welch|Wald|Ford|Fulkerson|Edmonds|Karp|Knuth|Morris|Pratt|Boyer|Rabin|Miller|Lamport|Bresenham|Voronoi|Delaunay|Sobel|Canny|Otsu|Hough|Cooley|Tukey|Simpson|Runge|Kutta|Adams
Cramer|Gram|Schmidt|Cholesky|Householder|Schur|Jordan|Frobenius|Levinson|Durbin|Nelder|Mead|Powell|Fletcher|Reeves|Armijo|Wolfe|Nesterov|Huber|Hinton|Hopfield|Boltzmann|Kohonen|Jaccard|Dice|Tanimoto
Jaro|Winkler|Smith|Waterman|Needleman|Wunsch|Porter|Lovins|Reed|Solomon|Goppa|Diffie|Hellman|Schnorr|Feistel|Galois|Lorenz|Gini|Bollinger|Black|Scholes|Sharpe|Monte Carlo|Gaussian|Bayesian|Laplacian`)

export const METHODS =
  list(`algorithm|theorem|method|distance|kernel|filter|distribution|process|test|transform|matrix|law|rule|number|inequality|series|equation|coefficient|index|criterion|loss|optimizer|search
tree|code|sequence|decomposition|condition|equilibrium|machine|network|sampling|estimator|constant|correlation|integral|heuristic|formula|model|cipher|curve|ratio|score|similarity|shuffle|sort|hash`)

export const OPTIMIZERS = list(
  'Adam|AdamW|Adagrad|Adadelta|Lion|Nadam|Sophia|Lamb|Muon|the Adam optimizer|the Adams method|the Nesterov momentum|Adams-Bashforth|Levenberg-Marquardt',
)

export const MONTHS = list('January|February|March|April|May|June|July|August|September|October|November|December')
export const WEEKDAYS = list('Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday')
export const AIRPORTS = list(
  'JFK|LAX|SFO|SEA|DEN|DTW|ORD|ATL|IAH|LAS|MCO|CLT|PHX|BOS|EWR|MIA|DFW|PHL|LGA|MSP|HOU|AUS|SAN|PDX|IAD|BWI|FRA|MUC|CDG|LHR|AMS|MAD|BCN|FCO|ZRH|VIE|CPH|OSL|ARN|HEL|DXB|HND|NRT|SIN|HKG|ICN|SYD|MEL|GRU|MEX|YYZ|YVR|DEL|BOM|KIX|TXL|DUS|HAM|LIS|DUB|EDI|MAN',
)
export const DEPARTMENTS = list(
  'Support|Sales|Marketing|Engineering|Finance|Billing|Legal|Human Resources|Operations|Security|Platform|Research|Customer Success|Accounting|Logistics|Procurement',
)
export const DEMONYMS = list(
  'French|German|Spanish|Italian|Dutch|Russian|Chinese|Japanese|Korean|Turkish|Polish|Swedish|Danish|Greek|Irish|British|American|Canadian|Indian|Mexican|Brazilian|African|Asian|European|Iraqi|Israeli|Palestinian|Roman|Christian|Muslim|Jewish|Catholic|Buddhist|Sunni|Shiite|Thai|Vietnamese|Cuban|Swiss',
)
export const HOTELS = list(
  'Hilton Garden Inn|Hampton Inn|Holiday Inn|Marriott Courtyard|Hyatt Regency|The Ritz Carlton|Four Seasons|Best Western|Ramada Plaza|Howard Johnson|Fairmont Hotel|Park Plaza|Lincoln Inn|Madison Hotel|Jefferson Suites|Carlton House|Wyndham Grand|Red Lion Inn|Embassy Suites|St. Regis|Kimpton Alexis|Sheraton Grand',
)
export const DISHES = list(
  'Caesar salad|Chicken Alfredo|Eggs Benedict|Beef Wellington|Peach Melba|Earl Grey|Bloody Mary|Tom Collins|Margarita|Waldorf salad|Cobb salad|Shirley Temple|Fettuccine Carbonara|Pad Thai|Chicken Tikka|Philly cheesesteak|Reuben sandwich|Pinot Noir|Bananas Foster',
)
export const TITLES = list(
  'Mr.|Mrs.|Ms.|Dr.|Mr|Mrs|Ms|Dr|Prof.|Professor|Miss|Sir|Captain|Judge|Sgt.|Rev.|Doctor|Madam',
)
export const LANGUAGES = list(
  'English|French|German|Spanish|Italian|Portuguese|Russian|Chinese|Japanese|Korean|Arabic|Hindi|Turkish|Polish|Swedish|Dutch|Greek|Czech|Latin|Hebrew|Swahili',
)
