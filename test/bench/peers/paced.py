"""The protocol by which test/bench/run.mjs measures a peer in turn with BatCoder: each line of the standard input is a
number of rounds, the answer a line of JSON with the seconds of each; at the end of the input the peer tells its peak memory
and versions."""

import json
import resource
import sys
import time


def answer(value):
    print(json.dumps(value), flush=True)


def measure(round_):
    """Runs `round_` once to warm up, then as often as asked."""

    def timed():
        start = time.perf_counter()
        round_()
        return time.perf_counter() - start

    answer({"step": [timed()]})
    for line in sys.stdin:
        answer({"step": [timed() for _ in range(int(line))]})


def finish(modules, **more):
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Kilobytes on Linux, bytes on macOS.
    peak *= 1 if sys.platform == "darwin" else 1024
    versions = {module.__name__: module.__version__ for module in modules}
    answer({"peakRssBytes": peak, "versions": versions, **more})
