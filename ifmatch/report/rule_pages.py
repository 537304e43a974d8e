"""The catalogue of rules as Markdown, to be read on the web: a page for each folder of features, and a list of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from ifmatch.errors import ConfigurationError
from ifmatch.report.promises import Promised, promised_by
from ifmatch.report.story import story_of
from ifmatch.report.text import for_markdown
from ifmatch.rules.catalogue import Rule
from ifmatch.rules.profile import Profile

_COMMAND = "ifmatch rules --markdown docs/rules"


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
        features = "; ".join(dict.fromkeys(for_markdown(rule.feature) for rule in rules))
        yield f"| [{topic}]({topic}.md) | {len(rules)} | {features} |"
    yield ""
    yield "| profile | system |"
    yield "|---|---|"
    for profile in profiles:
        yield f"| `{profile.id}` | {for_markdown(profile.title)} |"


def _page(topic: str, rules: Iterable[Rule], profiles: Sequence[Profile]) -> Iterator[str]:
    yield f"# {topic}"
    yield ""
    yield f"Made by `{_COMMAND}`. The sources are told in [sources.md](../sources.md)."
    for feature, of_feature in groupby(rules, lambda rule: rule.feature):
        first, *others = of_feature
        yield from ("", f"## {for_markdown(feature)}", "", for_markdown(story_of(first).why))
        for rule in (first, *others):
            yield from _rule(rule, profiles)


def _rule(rule: Rule, profiles: Sequence[Profile]) -> Iterator[str]:
    """The story of a rule, and what each profile promises in numbers, with the source."""
    story = story_of(rule)
    yield from ("", f"### {rule.id}", "", f"**{for_markdown(rule.title)}**", "")
    yield from (f"- {for_markdown(sentence)}" for sentence in story.sentences)
    if story.rows:
        yield ""
        yield from _table(story.rows)
    yield from ("", "| promised by | level | what | where |", "|---|---|---|---|")
    for alike, promises in promised_by(profiles, rule):
        who = ", ".join(f"`{profile.id}`" for profile in alike)
        yield from (_promise(who, promise) for promise in promises)


def _promise(who: str, promise: Promised) -> str:
    about = f" on {promise.about}" if promise.about else ""
    return f"| {who}{about} | {promise.level} | {for_markdown(promise.what)} | {_where(promise)} |"


def _where(promise: Promised) -> str:
    source = for_markdown(promise.source)
    if promise.place.startswith(("http://", "https://")):
        source = f"[{source}](<{promise.place}>)"
    elif promise.place:
        source = f"{source}, {promise.place}"
    return f"{source}: {for_markdown(promise.says)}" if promise.says else source


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    head, *body = rows
    yield f"| {' | '.join(map(for_markdown, head))} |"
    yield "|---" * len(head) + "|"
    for row in body:
        yield f"| {' | '.join(map(for_markdown, row))} |"
