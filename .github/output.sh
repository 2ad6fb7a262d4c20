#!/usr/bin/env bash
# Prints one output of a stack: output.sh <stack> <name>
set -euo pipefail

value=$(aws cloudformation describe-stacks --stack-name "$1" \
  --query "Stacks[0].Outputs[?OutputKey=='$2'].OutputValue" --output text)
if [[ -z $value || $value == None ]]; then
  echo "the stack $1 has no output $2" >&2
  exit 1
fi
echo "$value"
