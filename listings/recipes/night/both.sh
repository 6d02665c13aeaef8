#!/bin/sh
# Clients trust both authorities, the old one and the new one.
set -eu
: "${new_root:?}" "${old_root:?}" "${roots:?}"
# ANCHOR: run
cat "$old_root" "$new_root" >"$roots.both" && mv "$roots.both" "$roots"
# ANCHOR_END: run
