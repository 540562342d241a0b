#!/usr/bin/env bash
# The common scenario, read from the wire: what every SDK's scenario must print, to
# the letter and in any time zone. Each does the same seven things.
set -euo pipefail
base="${TARIKH_URL:-http://127.0.0.1:8080}"

event='"event \(.id) | \(.date.edtf) | \(.date.earliest) | \(.date.start_latest) | \(.date.end_earliest) | \(.date.latest) | \(.date.label.en) | \(.date.label.ar) | \(.title.ar)"'

# get PATH PARAMETER... : a parameter is name=value.
get() {
  local path="$1" parameters=()
  shift
  for parameter in "$@"; do parameters+=(--data-urlencode "$parameter"); done
  curl --silent --show-error --get "$base$path" "${parameters[@]}"
}

# 1. A list with many filters, counted.
get /v1/events country=ML,النيجر from=2020 to=2023 type=politics,diplomacy status=occurred,ongoing min_sources=1 order=desc count=exact limit=3 |
  jq -r "\"list \(.count.value) \(.count.relation) \(.page.has_more)\", (.data[] | $event)"

# 2. A list of numbers.
get /v1/events bbox=-12.5,10,16,25 | jq -r '"box \(.data | length)"'

# 3. Three pages, by the cursor of the page before.
cursor=()
for number in 1 2 3; do
  page="$(get /v1/events country=ML limit=4 "${cursor[@]}")"
  jq -r "\"page $number \(.page.has_more)\", (.data[] | $event)" <<<"$page"
  cursor=("cursor=$(jq -r '.page.next_cursor' <<<"$page")")
done

# 4. One event.
get /v1/events/ml-coup-2021 | jq -r "$event"

# 5. One that does not exist.
get /v1/events/atlantis-sinks | jq -r '"missing \(.status) \(.code) \(.instance)"'

# 6. A timeline. Expected is told in millionths: languages print floats differently.
get /v1/timeline type=coup date=2021 interval=month |
  jq -r '"timeline \(.interval) \(.by) \(.total)", (.buckets[] | "bucket \(.start) \(.end) \(.certain) \(.possible) \(.expected * 1000000 | round)")'

# 7. Facets.
get /v1/facets country=ML by=type,country limit=3 |
  jq -r '.facets[] | "facet \(.by) \(.more)", (.values[] | "value \(.value) \(.count) \(.label.ar)")'
