#!/bin/sh
# What the agent wrote.
set -eu
: "${folder:?}"
# ANCHOR: run
openssl x509 -in "$folder/tls.crt" -noout -serial -enddate -issuer -ext subjectAltName
# ANCHOR_END: run
