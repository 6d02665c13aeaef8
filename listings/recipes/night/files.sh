#!/bin/sh
# What the agent wrote.
set -eu
# ANCHOR: run
openssl x509 -in "$folder/tls.crt" -noout -serial -enddate -issuer -ext subjectAltName
# ANCHOR_END: run
