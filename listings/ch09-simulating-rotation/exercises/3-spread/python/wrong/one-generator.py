import random

AT = 2 / 3
SPREAD = 0.1

# One for all agents of the process, however often this file is imported.
if not hasattr(random, "lots_of_agents"):
    random.lots_of_agents = random.Random(42)


class Agent:
    def __init__(self, machine):
        pass

    def due(self, lifetime):
        return lifetime * random.lots_of_agents.uniform(AT - SPREAD / 2, AT + SPREAD / 2)
