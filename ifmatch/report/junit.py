"""`junit.xml`: the run for a CI system. A suite a feature, a test case a case of a rule."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from ifmatch.log.events import NotBegun, VerdictReached
from ifmatch.report.replay import replay_of
from ifmatch.report.run import Run, group_of, waived
from ifmatch.report.symptoms import symptoms_of
from ifmatch.report.text import for_xml, label_of, one_line, several_lines, with_label
from ifmatch.rules.verdict import Verdict

FILE_NAME = "junit.xml"

_Case = TypeVar("_Case", VerdictReached, NotBegun)

#: The element that a verdict puts into a test case, if any. None means a pass whose finding stands in its output.
_ELEMENT: Mapping[Verdict, str | None] = {
    Verdict.FAIL: "failure",
    Verdict.ERROR: "error",
    Verdict.INCONCLUSIVE: "skipped",
    Verdict.NOT_APPLICABLE: "skipped",
    Verdict.WAIVED: "skipped",
    Verdict.WARN: None,
    Verdict.OBSERVED: None,
    Verdict.PASS: None,
}

#: So many exchanges are named as evidence of a case.
_MOST_LISTED = 20

#: The attributes that count each element.
_COUNTED: Mapping[str, str] = {"failures": "failure", "errors": "error", "skipped": "skipped"}


def junit(run: Run) -> bytes:
    """The run as JUnit XML. A run cut short has an error of its own, so that no CI system takes it for a good one."""
    root = Element("testsuites", name="ifmatch")
    judged, not_begun = (
        _by_feature(case for rule in run.rules for case in rule.cases),
        _by_feature(run.not_begun),
    )
    for feature in dict.fromkeys([*judged, *not_begun]):
        _suite(root, run, feature, judged.get(feature, ()), not_begun.get(feature, ()))
    if not run.complete:
        _cut_short(root, run)
    _count(root, run.duration)
    indent(root)
    xml: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return xml


def _by_feature(cases: Iterable[_Case]) -> dict[str, list[_Case]]:
    grouped: dict[str, list[_Case]] = {}
    for case in cases:
        grouped.setdefault(case.feature, []).append(case)
    return grouped


def _suite(
    root: Element,
    run: Run,
    feature: str,
    cases: Sequence[VerdictReached],
    not_begun: Sequence[NotBegun],
) -> None:
    suite = SubElement(root, "testsuite", name=for_xml(feature), timestamp=for_xml(run.started))
    _properties(suite, {
        "run": run.id,
        "suite": f"{run.suite.name} {run.suite.version}",
        "profile": run.profile.id,
        "profile_sha256": run.profile.sha256,
        "target": run.target.base_url,
        "software": run.target.software,
        "fhir_version": run.target.fhir_version,
        "seed": run.seed,
    })  # fmt: skip
    for case in cases:
        _test_case(suite, case, run)
    for left in not_begun:
        _not_begun(suite, left)
    _count(suite, sum(case.duration_ms for case in cases) / 1000)


def _element(suite: Element, case: VerdictReached | NotBegun, milliseconds: float) -> Element:
    """The element of a case, by which a CI system knows it again from run to run."""
    return SubElement(
        suite,
        "testcase",
        name=for_xml(_name(case), 500),
        classname=for_xml(f"ifmatch.{group_of(case.rule)}"),
        time=f"{milliseconds / 1000:.3f}",
    )


def _not_begun(suite: Element, case: NotBegun) -> None:
    """A case that there was no time for is skipped, so that it does not vanish. What the user left out does."""
    element = _element(suite, case, 0)
    _properties(element, {"rule": case.rule, "resource_type": case.resource_type})
    SubElement(
        element, "skipped", message="not begun: the time of the run was spent", type="not-begun"
    )


def _test_case(suite: Element, case: VerdictReached, run: Run) -> None:
    element = _element(suite, case, case.duration_ms)
    _properties(element, {
        "rule": case.rule,
        "verdict": case.verdict.value,
        "level": case.level,
        "resource_type": case.resource_type,
        "source": _source(case),
    })  # fmt: skip
    outcome = "skipped" if run.is_known(case) else _ELEMENT[case.verdict]
    if outcome:
        message = for_xml(_message(case, run), 500)
        child = SubElement(element, outcome, message=message, type=case.verdict.value)
        child.text = _evidence(case)
    elif case.verdict is not Verdict.PASS:
        output = f"{case.verdict.value}: {_message(case, run)}\n{_evidence(case)}"
        SubElement(element, "system-out").text = for_xml(output)


def _name(case: VerdictReached | NotBegun) -> str:
    """Rule, title, and what distinguishes the case from the others of its rule."""
    parts = (label_of(case.row, case.resource_type), case.resource_type)
    label = ", ".join(dict.fromkeys(filter(None, parts)))
    name = f"{case.rule}: {case.title}"
    return with_label(name, label)


def _source(case: VerdictReached) -> str:
    source = case.source
    return " ".join(filter(None, (source.title, source.url, source.document))) if source else ""


def _message(case: VerdictReached, run: Run) -> str:
    """One line: what is said of this case, the answer first; of a failure, then what it has in common with others."""
    message = case.message or str(case.observed.get("answer") or case.verdict.value)
    is_broken = case.verdict is Verdict.FAIL
    cause = symptoms_of(case, run)[0].heading(case.title) if is_broken else ""
    known = "known by the baseline" if run.is_known(case) else ""
    first = message.partition("\n\n")[0]
    return one_line("; ".join(filter(None, (waived(case), known, first, cause))), 450)


def _evidence(case: VerdictReached) -> str:
    """What was expected, what came, where the promise stands, which exchanges prove it, and how it is repeated."""
    lines = [f"expected: {finding.expected}\ngot: {finding.got}" for finding in case.findings]
    named = {"level": case.level, "says": case.says, "exchanges": _listed(case.exchanges)}
    lines += [f"{name}: {value}" for name, value in named.items() if value]
    lines += [f"replay: bash {path}" for path in _replays(case)]
    return for_xml("\n".join([*lines, *_drawing(case)]))


def _listed(exchanges: Sequence[str]) -> str:
    """The ids of the evidence, as far as a person would look them up."""
    more = len(exchanges) - _MOST_LISTED
    shown = ", ".join(exchanges[:_MOST_LISTED])
    return f"{shown} and {more} more" if more > 0 else shown


def _replays(case: VerdictReached) -> list[str]:
    """The script that repeats a failure, by its path in the run's folder."""
    return [replay_of(case.rule)] if case.verdict is Verdict.FAIL else []


def _drawing(case: VerdictReached) -> list[str]:
    """The story of a race, whose lines stand as they are."""
    return ["", *several_lines(case.message, 60)] if "\n" in case.message else []


def _cut_short(root: Element, run: Run) -> None:
    suite = SubElement(root, "testsuite", name="The run itself")
    case = SubElement(
        suite, "testcase", name="The run comes to its end", classname="ifmatch.run", time="0"
    )
    message = run.message or "The run was cut short: what it did not come to was not judged."
    SubElement(case, "error", message=for_xml(message, 500), type="incomplete")
    _count(suite, 0)


def _properties(parent: Element, values: Mapping[str, object]) -> None:
    box = SubElement(parent, "properties")
    for name, value in values.items():
        if value:
            SubElement(box, "property", name=name, value=for_xml(value, 1000))


def _count(element: Element, seconds: float) -> None:
    element.set("tests", str(_number(element, "testcase")))
    for attribute, child in _COUNTED.items():
        element.set(attribute, str(_number(element, child)))
    element.set("time", f"{seconds:.3f}")


def _number(element: Element, tag: str) -> int:
    return sum(1 for _ in element.iter(tag))
