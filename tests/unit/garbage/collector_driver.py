"""Runs programs under any Python from 3.9 on, and tells the collector's counters at checkpoints.

Reads from stdin, as JSON, a list of programs: thresholds and operations. What an operation is:
see the loop. It must allocate nothing but nodes, for every object would be counted.
"""

import gc
import json
import os
import sys
from array import array


class Node:
    __slots__ = ("link",)


MAKERS = {"node": Node, "list": list, "dict": dict}
ROOM = 100000


def run(make, thresholds, operations):
    """Counters, collections of each generation, and what reading them allocated, per checkpoint."""
    held = [None] * ROOM
    seen = array("q", [0]) * ROOM
    top = place = begin = 0
    get_count, get_stats = gc.get_count, gc.get_stats
    stats = get_stats()
    begun = array("q", [each["collections"] for each in stats])
    stats = None
    gc.collect()
    gc.freeze()
    gc.collect()
    begun[2] += 2
    total = len(gc.get_objects(2))
    young, middle, old = thresholds
    first = last = node = None
    for name, number in [("begin", 0), *operations]:
        if name == "begin":
            get_count()
            begin = get_count()[0]
            gc.set_threshold(young, middle, old)
        elif name == "keep":
            for _ in range(number):
                held[top] = make()
                top += 1
        elif name == "chain":
            first = last = make()
            for _ in range(number - 1):
                node = make()
                last.link = node
                last = node
            held[top] = first
            top += 1
            first = last = node = None
        elif name == "ring":
            first = last = make()
            for _ in range(number - 1):
                node = make()
                last.link = node
                last = node
            last.link = first
            first = last = node = None
        elif name == "drop":
            while number and top:
                top -= 1
                number -= 1
                held[top] = None
        elif name == "collect":
            gc.collect(number)
        elif name == "freeze":
            gc.freeze()
        elif name == "check":
            gc.disable()
            seen[place], seen[place + 1], seen[place + 2] = get_count()
            stats = get_stats()
            seen[place + 3] = stats[0]["collections"] - begun[0]
            seen[place + 4] = stats[1]["collections"] - begun[1]
            seen[place + 5] = stats[2]["collections"] - begun[2]
            stats = None
            seen[place + 6] = get_count()[0] - seen[place]
            place += 7
            gc.enable()
    gc.set_threshold(0)
    return {"total": total, "begin": begin, "seen": seen[:place].tolist()}


def run_apart(*program):
    """The same in a fork: code that an earlier program has warmed up may allocate otherwise."""
    told, tell = os.pipe()
    if not os.fork():
        os.write(tell, json.dumps(run(*program)).encode())
        os._exit(0)
    os.close(tell)
    with os.fdopen(told) as pipe:
        return json.load(pipe)


if __name__ == "__main__":
    gc.set_threshold(0)
    asked = json.load(sys.stdin)
    make = MAKERS[asked["make"]]
    programs = asked["programs"]
    json.dump([run_apart(make, thresholds, ops) for thresholds, ops in programs], sys.stdout)
