"""What it costs to be watched: djtune's passes, and other tools, in CPU time of the same pages.

``python -m benchmarks.overhead`` makes the table; ``python -m benchmarks.overhead.pairs`` looks at
the timing pass alone, and more closely.
"""
