# Keeps two connections, and asks over the second. When one is closed, it opens two new ones.
import http.client
import ssl
import sys
import time

address, roots = sys.argv[1:]
context = ssl.create_default_context(cafile=roots)


def connect():
    connection = http.client.HTTPSConnection(address, context=context)
    # Otherwise it would connect again by itself.
    connection.auto_open = 0
    connection.connect()
    return connection


def ask(connection):
    connection.request("GET", "/")
    answer = connection.getresponse()
    answer.read()
    return not answer.will_close


while True:
    try:
        first, second = connect(), connect()
        open_still = ask(first)
        while open_still:
            open_still = ask(second)
            time.sleep(0.02)
        first.close()
        second.close()
    except (OSError, http.client.HTTPException) as error:
        print(error, flush=True)
        time.sleep(0.02)
