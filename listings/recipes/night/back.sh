#!/bin/sh
# Puts the pair of before back, with the owner and the mode of the files that it replaces.
set -eu
: "${before:?}" "${folder:?}"
# ANCHOR: run
put_back() {
    cp -p "$folder/$1" "$folder/.$1" && cat "$before/$1" >"$folder/.$1" &&
        mv "$folder/.$1" "$folder/$1"
}
put_back tls.key && put_back tls.crt
# ANCHOR_END: run
