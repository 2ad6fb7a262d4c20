#!/usr/bin/env bash
# Counts the past by the rules of who is a person that a stack has now, whatever time it takes: reclassify.sh <stack> [payload]
# The payload is {} for everything, '{"dryRun":true}' to see what would change, '{"campaignId":"cmp_..."}' for one campaign.
set -euo pipefail

name=$("$(dirname "$0")/output.sh" "$1" ReclassifyClicksFunctionName)
payload=${2:-}
[[ -n $payload ]] || payload='{}'
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT

while true; do
  # The function may take 300 s. The CLI would give up after 60 s and ask a second time.
  failed=$(AWS_MAX_ATTEMPTS=1 aws lambda invoke --function-name "$name" --cli-read-timeout 310 \
    --cli-binary-format raw-in-base64-out --payload "$payload" --query FunctionError --output text "$answer")
  cat "$answer"
  echo
  # The call itself succeeds even if the function does not; only this field tells. What was done until then is done.
  if [[ $failed != None ]]; then
    echo "the run failed: $failed" >&2
    exit 1
  fi
  # Time was up. A dry run begins from the front each time, so it is not repeated.
  if ! grep --quiet '"left":true' "$answer" || grep --quiet '"dryRun": *true' <<<"$payload"; then
    break
  fi
done
