#!/bin/sh
# Whether clients would accept the files.
set -eu
: "${folder:?}" "${name:?}" "${roots:?}"
# ANCHOR: run
openssl verify -no-CApath -no-CAstore -CAfile "$roots" \
    -untrusted "$folder/tls.crt" -verify_hostname "$name" "$folder/tls.crt"
# ANCHOR_END: run
