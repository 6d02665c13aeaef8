# What most programs do: one context, made when they start.
import ssl
import sys
import time
import urllib.request

url, roots, certificate, key = sys.argv[1:]
context = ssl.create_default_context(cafile=roots)
context.load_cert_chain(certificate, key)
while True:
    try:
        urllib.request.urlopen(url, context=context).read()
    except OSError as error:
        print(error, flush=True)
    time.sleep(0.02)
