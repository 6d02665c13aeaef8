#!/bin/sh
# Clients trust both authorities, the old one and the new one.
set -eu
# ANCHOR: run
cat "$old_root" "$new_root" >"$roots.both" && mv "$roots.both" "$roots"
# ANCHOR_END: run
