"""The catalogue of rules as Markdown, to be read on the web: a page for each folder of features, and a list of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from ifmatch.errors import ConfigurationError
from ifmatch.report.promises import Promised, promised_by
from ifmatch.report.story import story_of
from ifmatch.rules.catalogue import Rule
from ifmatch.rules.profile import Profile

_COMMAND = "ifmatch rules --markdown docs/rules"

#: What Markdown and HTML would take for markup in a text.
_MARKUP = str.maketrans({character: f"\\{character}" for character in "\\|<>*_`[]"})


def write_rule_pages(rules: Sequence[Rule], profiles: Sequence[Profile], folder: Path) -> None:
    """Write the pages into a folder. Raises ConfigurationError when it cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in rule_pages(rules, profiles).items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"{folder} cannot be written: {error.strerror}. Choose another folder."
        ) from None


def rule_pages(rules: Iterable[Rule], profiles: Sequence[Profile]) -> Mapping[str, str]:
    """The pages by the names of their files."""
    by_topic = {topic: list(of_topic) for topic, of_topic in groupby(rules, _topic)}
    pages = {
        f"{topic}.md": _text(_page(topic, of_topic, profiles))
        for topic, of_topic in by_topic.items()
    }
    return {"README.md": _text(_list(by_topic, profiles)), **pages}


def _topic(rule: Rule) -> str:
    """The folder that a rule's feature lies in."""
    return rule.path.partition("/")[0]


def _text(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"


def _list(by_topic: Mapping[str, Sequence[Rule]], profiles: Sequence[Profile]) -> Iterator[str]:
    yield "# Rules"
    yield ""
    yield f"Made by `{_COMMAND}` from `features/` and `profiles/`; a change there is made here by the same command."
    yield ""
    yield "| topic | rules | features |"
    yield "|---|---|---|"
    for topic, rules in by_topic.items():
        features = "; ".join(dict.fromkeys(_plain(rule.feature) for rule in rules))
        yield f"| [{topic}]({topic}.md) | {len(rules)} | {features} |"
    yield ""
    yield "| profile | system |"
    yield "|---|---|"
    for profile in profiles:
        yield f"| `{profile.id}` | {_plain(profile.title)} |"


def _page(topic: str, rules: Iterable[Rule], profiles: Sequence[Profile]) -> Iterator[str]:
    yield f"# {topic}"
    yield ""
    yield f"Made by `{_COMMAND}`. A document is named by its number in [sources.md](../sources.md)."
    for feature, of_feature in groupby(rules, lambda rule: rule.feature):
        first, *others = of_feature
        yield from ("", f"## {_plain(feature)}", "", _plain(story_of(first).why))
        for rule in (first, *others):
            yield from _rule(rule, profiles)


def _rule(rule: Rule, profiles: Sequence[Profile]) -> Iterator[str]:
    """The story of a rule, and what each profile promises in numbers, with the source."""
    story = story_of(rule)
    yield from ("", f"### {rule.id}", "", f"**{_plain(rule.title)}**", "")
    yield from (f"- {_plain(sentence)}" for sentence in story.sentences)
    if story.rows:
        yield ""
        yield from _table(story.rows)
    yield from ("", "| promised by | level | what | where |", "|---|---|---|---|")
    for alike, promises in promised_by(profiles, rule):
        who = ", ".join(f"`{profile.id}`" for profile in alike)
        yield from (_promise(who, promise) for promise in promises)


def _promise(who: str, promise: Promised) -> str:
    about = f" on {promise.about}" if promise.about else ""
    return f"| {who}{about} | {promise.level} | {_plain(promise.what)} | {_where(promise)} |"


def _where(promise: Promised) -> str:
    source = _plain(promise.source)
    if promise.place.startswith(("http://", "https://")):
        source = f"[{source}](<{promise.place}>)"
    elif promise.place:
        source = f"{source}, {promise.place}"
    return f"{source}: “{_plain(promise.says)}”" if promise.says else source


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    head, *body = rows
    yield f"| {' | '.join(map(_plain, head))} |"
    yield "|---" * len(head) + "|"
    for row in body:
        yield f"| {' | '.join(map(_plain, row))} |"


def _plain(text: str) -> str:
    """A text that Markdown shows as it is, on one line."""
    return " ".join(text.split()).translate(_MARKUP)
