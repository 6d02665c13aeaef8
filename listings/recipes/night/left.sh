#!/bin/sh
# Whether what is there lasts for another hour.
set -eu
: "${folder:?}"
# ANCHOR: run
openssl x509 -in "$folder/tls.crt" -noout -enddate -checkend 3600
# ANCHOR_END: run
