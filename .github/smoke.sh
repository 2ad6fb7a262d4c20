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

# header <line>: whether the last answer had a header that begins so.
header() {
  grep --quiet --ignore-case "^$1" "$headers"
}

# reached <path>: the gateway answers 404 too, for a route that does not exist; then this header says so.
reached() {
  if header 'x-amzn-errortype:'; then
    echo "$1 did not reach its function" >&2
    exit 1
  fi
}

expect 404 /c/invalid
reached /c/invalid
expect 401 /v1/clinic
expect 200 /docs
expect 200 /v1/openapi.json
expect 200 /sign-in
if ! header "content-security-policy:.*default-src 'none'"; then
  echo '/sign-in has no policy of what the page may load' >&2
  exit 1
fi
# Everything that has no route is the console's, and below /v1 it speaks as the API does.
expect 404 /v1/nothing
reached /v1/nothing
if ! header 'content-type: application/problem+json'; then
  echo '/v1/nothing is no problem document' >&2
  exit 1
fi
