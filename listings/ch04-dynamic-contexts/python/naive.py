"""Two ways to rotate that come out when it is written in an afternoon. Do not use."""

import os
import ssl


# ANCHOR: none
class ContextManager:
    """Keeps one context, and builds another when the certificate's file is newer."""

    def __init__(self, certificate, key, roots):
        self.certificate, self.key, self.roots = certificate, key, roots
        self._context, self._modified = None, None

    def get_context(self):
        """The context to connect with."""
        modified = os.stat(self.certificate).st_mtime
        if modified != self._modified:
            context = ssl.create_default_context(cafile=self.roots)
            context.load_cert_chain(self.certificate, self.key)
            self._context, self._modified = context, modified
            return context
# ANCHOR_END: none


# ANCHOR: in_place
class OneContext:
    """Keeps one context forever, and loads each new pair into it."""

    def __init__(self, certificate, key):
        self.certificate, self.key = certificate, key
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)

    def reload(self):
        """Called when the files have changed."""
        try:
            self.context.load_cert_chain(self.certificate, self.key)
        except ssl.SSLError:
            pass  # Keep what we have. Or so it reads.
# ANCHOR_END: in_place
