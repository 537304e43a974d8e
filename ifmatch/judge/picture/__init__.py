"""An anomaly as a picture: who was in flight when, which version each request named and which it got.

Time runs to the right. Its order is kept, its lengths are not: whether two requests overlapped is all that matters,
and a race of microseconds beside a read a second later could not be seen on a true scale. The true times stand on the
axis. `scene` says what is drawn; `text` draws it for a terminal, `svg` for a browser.
"""

from ifmatch.judge.picture.as_svg import svg
from ifmatch.judge.picture.as_text import text

__all__ = ["svg", "text"]
