"""Keeps nothing: the library seeds its own generator from the operating system."""

import random

AT = 2 / 3
SPREAD = 0.1


class Agent:
    def __init__(self, machine):
        pass

    def due(self, lifetime):
        return lifetime * random.uniform(AT - SPREAD / 2, AT + SPREAD / 2)
