#!/usr/bin/env bash
# Brings the schema of a stack up to date by its migrate function: migrate.sh <stack>
set -euo pipefail

name=$("$(dirname "$0")/output.sh" "$1" MigrateFunctionName)
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT

# The function may take 300 s. The CLI would give up after 60 s and ask a second time.
failed=$(AWS_MAX_ATTEMPTS=1 aws lambda invoke --function-name "$name" --cli-read-timeout 310 \
  --cli-binary-format raw-in-base64-out --payload '{}' --query FunctionError --output text "$answer")

cat "$answer"
echo
# The call itself succeeds even if the function does not; only this field tells.
if [[ $failed != None ]]; then
  echo "the migration failed: $failed" >&2
  exit 1
fi
