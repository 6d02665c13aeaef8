#!/bin/sh
# What new clients are shown.
set -eu
: "${address:?}" "${name:?}"
# ANCHOR: run
openssl s_client -connect "$address" -servername "$name" </dev/null 2>/dev/null |
    openssl x509 -noout -serial -enddate -issuer -ext subjectAltName
# ANCHOR_END: run
