#!/usr/bin/env bash
# Tries a deployment from outside, without an account: smoke.sh <base URL>
set -euo pipefail

base=${1%/}
headers=$(mktemp)
trap 'rm -f "$headers"' EXIT

# expect <status> <path>: the status, within a minute; a deployment takes some seconds to arrive everywhere.
expect() {
  local status=none
  for _ in $(seq 12); do
    status=$(curl --silent --show-error --max-time 15 --dump-header "$headers" --output /dev/null \
      --write-out '%{http_code}' "$base$2") || true
    if [[ $status == "$1" ]]; then
      echo "$2 answers $status"
      return
    fi
    sleep "${SMOKE_PAUSE:-5}"
  done
  echo "$2 answers $status instead of $1" >&2
  exit 1
}

expect 404 /c/invalid
# The gateway answers 404 too, for a route that does not exist; then this header says so.
if grep --quiet --ignore-case '^x-amzn-errortype:' "$headers"; then
  echo '/c/invalid did not reach its function' >&2
  exit 1
fi
expect 401 /v1/clinic
expect 200 /docs
expect 200 /v1/openapi.json
