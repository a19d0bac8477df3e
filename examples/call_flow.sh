#!/bin/sh
# Call a flow with curl and print what it answers, as JSON.
#
#   ./call_flow.sh "Hello!"
#   ./call_flow.sh -f prompt-chain -s "rain"       (-s: events as they happen, one JSON object per line)
#
# The server is http://127.0.0.1:7860, or LANGFLOW_URL; a key, if it asks for one, is taken from LANGFLOW_API_KEY.
set -eu

flow=echo
stream=false
while getopts f:s option; do
  case $option in
    f) flow=$OPTARG ;;
    s) stream=true ;;
    *) exit 2 ;;
  esac
done
shift $((OPTIND - 1))

# A text inside JSON: backslashes and quotes are escaped, line breaks written as \n.
text=$(printf '%s' "$*" | sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' | awk 'NR > 1 { printf "\\n" } { printf "%s", $0 }')

curl --silent --show-error --fail-with-body --no-buffer \
  "${LANGFLOW_URL:-http://127.0.0.1:7860}/api/v1/run/$flow?stream=$stream" \
  --header 'Content-Type: application/json' \
  ${LANGFLOW_API_KEY:+--header "x-api-key: $LANGFLOW_API_KEY"} \
  --data "{\"input_value\": \"$text\", \"session_id\": \"example\"}"
echo
