"""What a run has shown, shown again by a script: for a person who wants to see it happen."""

from ifmatch.report.replay.script import (
    FOLDER_NAME,
    replay_of,
    replay_path,
    script,
    scripts,
)

__all__ = ["FOLDER_NAME", "replay_of", "replay_path", "script", "scripts"]
