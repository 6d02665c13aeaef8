"""Retries that end before the certificate does.

This is the starter. It can be imported, and its checks fail until `pause` is written.
"""


def pause(failures, lifetime, left):
    """How long to wait after so many failures in a row (1 or more), when `left` is left of a certificate that lives for
    `lifetime`. After its end, `left` is zero. Before it, no pause is shorter than a tenth of a second, unless it reaches
    the end. All are seconds, and need not be whole.
    """
    raise NotImplementedError("this is the starter: write `pause`")
