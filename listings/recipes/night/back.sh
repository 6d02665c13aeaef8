#!/bin/sh
# Puts the pair of before back.
set -eu
: "${before:?}" "${folder:?}"
# ANCHOR: run
umask 077
cp "$before/tls.key" "$folder/.tls.key" && mv "$folder/.tls.key" "$folder/tls.key"
cp "$before/tls.crt" "$folder/.tls.crt" && mv "$folder/.tls.crt" "$folder/tls.crt"
# ANCHOR_END: run
