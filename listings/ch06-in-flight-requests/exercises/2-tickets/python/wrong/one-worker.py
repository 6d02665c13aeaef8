import ssl


def loaded(chain, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    return context


class Workers:
    def __init__(self, workers, chain, key):
        self.chain, self.key = chain, key
        self.contexts = [loaded(chain, key)] * workers

    def context(self, worker):
        return self.contexts[worker]

    def discard(self):
        self.contexts[0] = loaded(self.chain, self.key)
