"""What a run was made with, in the versions that were installed: Python, and each library that ifmatch needs."""

import os
import platform
import re
from importlib.metadata import PackageNotFoundError, requires, version


def versions() -> dict[str, str]:
    """The versions by name, Python's first."""
    libraries = {name: _version_of(name) for name in sorted(_required())}
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return {"Python": python, "system": platform.platform(terse=True), **libraries}


def executor() -> dict[str, str]:
    """The job of a CI system that the run is part of, as Allure names such things; empty elsewhere."""
    told = os.environ.get
    if told("GITHUB_ACTIONS"):
        repository = f"{told('GITHUB_SERVER_URL', '')}/{told('GITHUB_REPOSITORY', '')}"
        run = told("GITHUB_RUN_ID", "")
        return {
            "name": "GitHub Actions",
            "type": "github",
            "buildName": f"{told('GITHUB_WORKFLOW', '')} {run}".strip(),
            "buildUrl": f"{repository}/actions/runs/{run}",
        }
    if told("GITLAB_CI"):
        return {
            "name": "GitLab CI",
            "type": "gitlab",
            "buildName": f"{told('CI_JOB_NAME', '')} {told('CI_JOB_ID', '')}".strip(),
            "buildUrl": told("CI_JOB_URL", ""),
        }
    return {}


def _required() -> list[str]:
    """The libraries that ifmatch needs for any run."""
    lines = [line for line in requires("ifmatch") or () if "extra ==" not in line]
    return [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in lines]


def _version_of(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
