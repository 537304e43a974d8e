"""A run as a page for a browser: one file that fetches nothing, to be opened from wherever it lies, or to be printed.

`views` says what is shown of a rule, `exchanges` what the page holds of the exchanges, `templates/` how it looks. What
a server said is only ever text: the templates escape everything, and the script of the page sets text, never markup.
"""

from ifmatch.report.page.run_page import FILE_NAME, write_page

__all__ = ["FILE_NAME", "write_page"]
