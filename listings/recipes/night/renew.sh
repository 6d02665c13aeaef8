#!/bin/sh
# A new key, and a certificate of an authority of your own, with the owner and the mode of the files that they replace.
set -eu
: "${ca:?}" "${folder:?}" "${name:?}"
# ANCHOR: run
new=$(mktemp -d) && zdr issue --ca "$ca" --to "$new" --name "$name"
put() {
    cp -p "$folder/$1" "$folder/.$1" && cat "$new/$1" >"$folder/.$1" &&
        mv "$folder/.$1" "$folder/$1"
}
put tls.key && put tls.crt && rm -r "$new"
# ANCHOR_END: run
