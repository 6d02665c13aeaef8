"""The smallest application that can be judged, by ASGI and by WSGI: an answer, and a long one."""

ANSWERS = {"/": b"hello\n", "/large": b"." * (16 << 20)}


async def asgi(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    body = ANSWERS.get(scope["path"], b"")
    length = str(len(body)).encode()
    status = 200 if body else 404
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", length)]})
    await send({"type": "http.response.body", "body": body})


def wsgi(environ, start_response):
    body = ANSWERS.get(environ["PATH_INFO"], b"")
    status = "200 OK" if body else "404 Not Found"
    start_response(status, [("Content-Length", str(len(body)))])
    return [body]
