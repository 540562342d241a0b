#!/usr/bin/env bash
# What concerned Mali from 2020 to 2023: the label of each date, and the title.
set -euo pipefail
curl --fail-with-body --silent "${TARIKH_URL:-http://127.0.0.1:8080}/v1/events?country=ML&from=2020&to=2023" |
  jq -r '.data[] | "\(.date.label.en): \(.title.en)"'
