#!/bin/sh
# Which authority has issued what is shown.
set -eu
: "${address:?}" "${name:?}"
# ANCHOR: run
openssl s_client -connect "$address" -servername "$name" -showcerts </dev/null 2>/dev/null |
    grep -E "^ *[0-9]+ s:|^ *i:"
# ANCHOR_END: run
