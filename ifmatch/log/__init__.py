"""The event log of a run, the one source that every report is made from.

`events` says what can happen, one frozen dataclass an event; `writer` appends them to `events.jsonl`, `reader` reads
them back, also those of older versions; `journal` folds what was made on the target and what became of it.
"""
