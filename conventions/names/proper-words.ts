/** Words with a capital that are no person's name where people write about software and travel; own list. */
export const PROPER_WORDS: readonly string[] = `
January February March April May June July August September October November December Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec
Monday Tuesday Wednesday Thursday Friday Saturday Sunday Mon Tue Tues Wed Thu Thur Thurs Fri Sat Sun
Christmas Easter Ramadan Hanukkah Diwali Thanksgiving Halloween Passover Eid
English French German Spanish Italian Portuguese Dutch Russian Chinese Japanese Korean Arabic Hebrew Hindi Turkish Polish Swedish Danish Norwegian
Finnish Greek Czech Hungarian Romanian Thai Vietnamese Indonesian American British Canadian Australian Indian Mexican Brazilian African Asian European
Irish Scottish Welsh Israeli Iraqi Iranian Pakistani Afghan Egyptian Swiss Austrian Belgian Ukrainian Cuban Latin Roman Christian Muslim Jewish Catholic
Protestant Buddhist Hindu Islamic Republican Democrat Democratic Communist Nazi Soviet Western Eastern Northern Southern
Google Amazon Microsoft Apple Facebook Meta Twitter Netflix Oracle Intel Nvidia Samsung Sony Toyota Ford Honda Boeing Airbus Tesla Uber Lyft Airbnb
Spotify Stripe PayPal Visa Mastercard Amex Walmart Target Costco Starbucks Adobe Salesforce Slack Zoom Dropbox GitHub GitLab Bitbucket Atlassian Jira
Confluence Trello Notion Figma Shopify Twilio SendGrid Mailchimp HubSpot Zendesk Intercom Datadog Grafana Prometheus Splunk Elastic Kibana Logstash
Sentry Honeycomb Jaeger Zipkin Tempo Loki Mimir Consul Vault Nomad Terraform Ansible Puppet Chef Vagrant Packer Helm Istio Linkerd Envoy Traefik Nginx
Apache Tomcat Jetty Jenkins Travis Circle Gradle Maven Bazel Buck Ant Make Docker Kubernetes Podman Rancher Mesos Swarm Kafka Pulsar Rabbit Celery
Redis Memcached Cassandra Mongo Postgres Postgre MySQL Maria Maria-DB Neo Dynamo Aurora Redshift Snowflake Presto Trino Hive Pig Spark Hadoop Flink Storm Beam
Airflow Dagster Prefect Luigi Lucene Solr Elasticsearch Algolia Lambda Fargate Athena Glue Kinesis Sage Bedrock Azure Vercel Netlify Heroku Cloudflare
Python Ruby Java Kotlin Scala Julia Perl Rust Swift Haskell Erlang Elixir Clojure Crystal Dart Ada Pascal Fortran Cobol Lisp Scheme Racket Prolog
TypeScript JavaScript Node Deno Bun React Angular Vue Svelte Ember Backbone Next Nuxt Remix Gatsby Astro Express Fastify Koa Hapi Nest Django Flask
Rails Sinatra Laravel Symfony Spring Hibernate Phoenix Gin Echo Fiber Jackson Gson Jest Mocha Chai Jasmine Karma Cypress Playwright Selenium Puppeteer
Babel Webpack Vite Rollup Parcel Prettier Numpy Pandas Scikit Torch Keras Tensor Jupyter Anaconda Conda Poetry Alembic Pydantic
Linux Ubuntu Debian Fedora Red Hat Alpine Arch Gentoo Suse Mint Windows Mac Android Chrome Firefox Safari Edge Opera Brave Mozilla Gecko Webkit
Jammy Focal Bionic Xenial Noble Trusty Buster Bullseye Bookworm Stretch Wheezy Jessie Sid Sierra Mojave Catalina Monterey Ventura Sonoma Sequoia
Claude Gemini Llama Mistral Mixtral Gemma Phi Falcon Vicuna Alpaca Cohere Anthropic Perplexity Copilot Codex Whisper Sora Grok Qwen Titan Nova Haiku
Sonnet Opus Turbo Davinci Curie Babbage Siri Alexa Cortana Watson Einstein
Adam Adagrad Bayes Bayesian Gauss Gaussian Newton Newtonian Euler Fourier Laplace Laplacian Markov Monte Carlo Poisson Bernoulli Hamming Levenshtein
Dijkstra Floyd Warshall Kruskal Prim Bellman Fibonacci Huffman Hessian Jacobian Lagrange Lagrangian Hilbert Banach Turing Boolean Cartesian Euclidean
Pearson Spearman Kendall Shannon Nash Pareto Kalman Viterbi Gibbs Metropolis Hastings Cauchy Riemann Taylor Bloom Merkle Luhn Caesar Vigenere Diffie
Hellman Rivest Celsius Fahrenheit Kelvin Hertz Joule Pascal Ampere Volt Ohm Tesla
Boston Chicago Houston Dallas Denver Seattle Phoenix Atlanta Orlando Miami Austin Detroit Portland Charlotte Philadelphia Washington Lincoln Jackson Madison
Paris London Berlin Tokyo Sydney Jordan Chad Georgia Virginia Carolina Dakota Israel Kenya India China Turkey Hamilton Victoria Florence Reading Lancaster
Inc Ltd Llc Corp Corporation Company Group Holdings Bank University College School Institute Hospital Church Department Ministry Agency Association
Committee Council Commission Foundation Society Union Party Airlines Airport Hotel Inn Park Street Avenue Road Boulevard Lane Drive Court Square Plaza
Bridge River Lake Mountain Island County State City Town Village District Province Region Republic Kingdom Airways Station Museum Theatre Stadium
Error Exception Warning Info Debug Trace Request Response Server Client User Admin Customer Account Order Payment Invoice Total Status Name Email Phone
Address Date Time Hello Dear Thanks Regards Best Sincerely Support Team Service Please Note Sorry Welcome Yes No Okay True False Null None Undefined
Object Array String Number Function Promise Map Set Class Type Value Key Index Module Package Version Build Release Commit Merge Branch Pull Push
Return Import Export Default Const Static Public Private Protected Void Async Await
`
  .trim()
  .split(/\s+/)
