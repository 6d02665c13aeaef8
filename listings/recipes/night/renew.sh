#!/bin/sh
# A new key, and a certificate of an authority of your own.
set -eu
: "${ca:?}" "${folder:?}" "${name:?}"
# ANCHOR: run
zdr issue --ca "$ca" --to "$folder" --name "$name"
# ANCHOR_END: run
