# Sourced by nobody: what a reader says once. The test sets the same variables.
# ANCHOR: run
export name=www.example.org address=www.example.org:443
# The roots by which clients verify:
export roots=/etc/ssl/certs/ca-certificates.crt
# tls.crt and tls.key, as the server reads them:
export folder=/etc/my-server/tls
# The last good pair, kept by the agent's hook:
export before=/root/tls-before
# An authority of your own and a new root, where there are any:
export ca=/root/ca new_root=/root/new-root.crt
# ANCHOR_END: run
