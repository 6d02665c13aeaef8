#!/bin/sh
# Waits for the next rotation, at each address of the name.
set -eu
: "${address:?}" "${name:?}" "${roots:?}"
# ANCHOR: run
zdr watch "$address" --name "$name" --roots "$roots" --rate 10 --for 10min
# ANCHOR_END: run
