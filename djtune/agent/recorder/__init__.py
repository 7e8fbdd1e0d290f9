"""Records a sample of production's requests, for ``djtune workload from-log`` to read.

Runs for good in the user's service, as ``djtune.middleware.Recorder``: standard library and Django
only, bounded in every direction, and what goes wrong here is counted, never raised.
"""
