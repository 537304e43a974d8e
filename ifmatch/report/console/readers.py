"""Output that outlives its reader: `ifmatch run … | head -1` ends `head`, and neither the run nor its exit code."""

import atexit
import io
import os
import sys
from typing import Any


def outlive_readers() -> None:
    """Let standard output and error go on, unseen, when whoever reads them has seen enough.

    What a command finds, tidies up and exits with does not hang on that.
    """
    if os.name != "posix":  # elsewhere a console is no file
        return
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper) and stream is getattr(sys, f"__{name}__"):
            stream.flush()
            setattr(sys, name, outliving := _outliving(stream))
            # Python flushes what `sys` holds at its end, where pytest may have put the other one back.
            atexit.register(outliving.flush)


def _outliving(stream: io.TextIOWrapper) -> io.TextIOWrapper:
    """The same stream, but for what it does without a reader."""
    return io.TextIOWrapper(
        io.BufferedWriter(_Outliving(stream.fileno(), "w", closefd=False)),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


class _Outliving(io.FileIO):
    def write(self, data: Any) -> int:
        """Write, or, once nobody reads any more, do as if."""
        try:
            return super().write(data)
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            return len(memoryview(data))
