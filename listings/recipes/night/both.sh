#!/bin/sh
# Clients trust the new authority as well. What the file had stays.
set -eu
: "${new_root:?}" "${roots:?}"
# ANCHOR: run
cp -p "$roots" "$roots.new" && { echo; cat "$new_root"; } >>"$roots.new" &&
    mv "$roots.new" "$roots"
# ANCHOR_END: run
