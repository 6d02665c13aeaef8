# Sourced by nobody: what a reader says once. The test sets the same variables.
# ANCHOR: run
export name=www.example.org address=www.example.org:443
export roots=/etc/ssl/certs/ca-certificates.crt
export folder=/etc/my-server/tls   # tls.crt and tls.key, as the server reads them
export before=/root/tls-before     # the last good pair, kept by the agent's hook
# ANCHOR_END: run
