#!/bin/sh
# Builds the real counterparts of the interoperability tests from Go modules and Python packages, outside of the project: the collector and the Go agent
# (needed by tests that run wherever there is go), a virtual environment with the Python SDK, and, since they take long, only here: Prometheus with OTLP and Jaeger.
# What can't be built is said and left out; its tests are skipped then. INTEROP_TIMEOUT (seconds, default 900) bounds each of the two large ones.
set -u
here=$(cd "$(dirname "$0")" && pwd)
out="${TMPDIR:-/tmp}/spanwarden-interop"
limit="${INTEROP_TIMEOUT:-900}"
PROMETHEUS=v0.305.0
JAEGER=v1.76.0
mkdir -p "$out"
export CGO_ENABLED=0

say() { printf '%s: %s\n' "$1" "$2"; }

if ! command -v go > /dev/null; then
  say go 'not there: nothing can be built from Go modules'
else
  for program in prometheus jaeger; do
    if [ -x "$out/$program" ]; then say "$program" 'is there'; continue; fi
    work=$(mktemp -d)
    case $program in
      prometheus)
        (cd "$work" && go mod init interop && go get -tool "github.com/prometheus/prometheus/cmd/prometheus@$PROMETHEUS" &&
          timeout "$limit" go build -tags remove_all_sd -o "$out/$program" github.com/prometheus/prometheus/cmd/prometheus) > "$out/$program.log" 2>&1
        ;;
      jaeger)
        # Its go.mod replaces modules, so it is built in a copy of its own sources, without the UI.
        (cd "$work" && go mod init interop && source=$(go mod download -json "github.com/jaegertracing/jaeger@$JAEGER" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p') &&
          cp -r "$source" jaeger && chmod -R u+w jaeger && cd jaeger && timeout "$limit" go build -o "$out/$program" ./cmd/jaeger) > "$out/$program.log" 2>&1
        ;;
    esac
    if [ -x "$out/$program" ]; then say "$program" 'built'; else say "$program" "can't be built, see $out/$program.log"; fi
    rm -rf "$work"
  done
fi
cd "$here/../.." && node --input-type=module -e "
  const { buildGoProgram, goCommand } = await import('./test/support/go-program.ts')
  const { hasPython, pythonWithOpenTelemetry } = await import('./test/support/python-venv.ts')
  const tell = (name, work) => work.then(() => console.log(name + ': built'), (error) => console.log(name + ': ' + String(error).slice(0, 300)))
  if (goCommand !== undefined) {
    await tell('collector', buildGoProgram(process.cwd() + '/test/interop/collector'))
    await tell('kafka', buildGoProgram(process.cwd() + '/test/interop/kafka'))
    await tell('deployment', buildGoProgram(process.cwd() + '/test/interop/deployment'))
    await tell('go-sdk', buildGoProgram(process.cwd() + '/test/interop/go-sdk'))
  }
  if (hasPython) await tell('python', pythonWithOpenTelemetry())
  else console.log('python: not there')
"
