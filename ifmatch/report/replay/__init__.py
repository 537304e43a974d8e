"""What a run has shown, shown again: by a script for a person, or by a new run that is held against the old one."""

from ifmatch.report.replay.script import (
    FOLDER_NAME,
    replay_of,
    replay_path,
    script,
    scripts,
)

__all__ = ["FOLDER_NAME", "replay_of", "replay_path", "script", "scripts"]
