#!/bin/sh
# Whether the key belongs to the certificate: the same hash, twice.
set -eu
: "${folder:?}"
# ANCHOR: run
openssl x509 -in "$folder/tls.crt" -noout -pubkey | openssl sha256
openssl pkey -in "$folder/tls.key" -pubout | openssl sha256
# ANCHOR_END: run
