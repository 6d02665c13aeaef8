# A context for each connection: it costs the reading of three files, and is never out of date.
import ssl
import sys
import time
import urllib.request

url, roots, certificate, key = sys.argv[1:]
while True:
    try:
        context = ssl.create_default_context(cafile=roots)
        context.load_cert_chain(certificate, key)
        urllib.request.urlopen(url, context=context).read()
    except OSError as error:
        print(error, flush=True)
    time.sleep(0.02)
