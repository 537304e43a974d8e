"""`junit.xml`: the run for a CI system. A suite a feature, a test case a case of a rule."""

from collections.abc import Iterable, Mapping
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from ifmatch.log.events import Event
from ifmatch.report.run import Run, group_of, verdict_of, waived
from ifmatch.report.text import for_xml, label_of
from ifmatch.rules.case import Verdict

FILE_NAME = "junit.xml"

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

#: The attributes that count each element.
_COUNTED: Mapping[str, str] = {"failures": "failure", "errors": "error", "skipped": "skipped"}


def junit(run: Run) -> bytes:
    """The run as JUnit XML. A run cut short has an error of its own, so that no CI system takes it for a good one."""
    root = Element("testsuites", name="ifmatch")
    cases = [case for rule in run.rules for case in rule.cases]
    for feature in dict.fromkeys(_text(case, "feature") for case in cases):
        _suite(root, run, feature, [case for case in cases if _text(case, "feature") == feature])
    if not run.complete:
        _cut_short(root, run)
    _count(root, run.duration)
    indent(root)
    xml: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return xml


def _suite(root: Element, run: Run, feature: str, cases: Iterable[Event]) -> None:
    told = list(cases)
    suite = SubElement(root, "testsuite", name=for_xml(feature), timestamp=for_xml(run.started))
    _properties(suite, {
        "run": run.id,
        "profile": run.profile.get("id"),
        "target": run.target.get("base_url"),
        "fhir_version": run.target.get("fhir_version"),
    })  # fmt: skip
    for case in told:
        _test_case(suite, case)
    _count(suite, sum(_seconds(case) for case in told))


def _test_case(suite: Element, case: Event) -> None:
    rule, verdict, resource_type = _text(case, "rule"), verdict_of(case), _text(case, "resource_type")
    told_apart = dict.fromkeys(part for part in (label_of(case), resource_type) if part)
    name = f"{rule}: {_text(case, 'title')}" + (f" [{', '.join(told_apart)}]" if told_apart else "")
    element = SubElement(
        suite, "testcase", name=for_xml(name, 500), classname=for_xml(f"ifmatch.{group_of(rule)}"), time=_time(case)
    )
    source = case.get("source") or {}
    _properties(element, {
        "rule": rule,
        "verdict": verdict.value,
        "level": case.get("level"),
        "resource_type": resource_type,
        "source": " ".join(str(source[key]) for key in ("title", "url", "document") if source.get(key)),
    })  # fmt: skip
    kind = _ELEMENT[verdict]
    if kind:
        SubElement(element, kind, message=for_xml(_message(case, verdict), 500), type=verdict.value).text = _story(case)
    elif verdict is not Verdict.PASS:
        SubElement(element, "system-out").text = for_xml(f"{verdict.value}: {_message(case, verdict)}\n{_story(case)}")


def _message(case: Event, verdict: Verdict) -> str:
    answer = (case.get("observed") or {}).get("answer")
    told = _text(case, "message") or str(answer or verdict.value)
    return "; ".join(filter(None, (waived(case), told)))


def _story(case: Event) -> str:
    """What was expected, what came, where the promise stands, and which exchanges prove it."""
    lines = [f"expected: {f.get('expected')}\ngot: {f.get('got')}" for f in case.get("findings") or ()]
    lines += [f"{name}: {value}" for name, value in (("level", case.get("level")), ("says", case.get("says"))) if value]
    exchanges = ", ".join(map(str, case.get("exchanges") or ()))
    return for_xml("\n".join([*lines, *([f"exchanges: {exchanges}"] if exchanges else [])]))


def _cut_short(root: Element, run: Run) -> None:
    suite = SubElement(root, "testsuite", name="The run itself")
    case = SubElement(suite, "testcase", name="The run comes to its end", classname="ifmatch.run", time="0")
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


def _text(case: Event, key: str) -> str:
    return str(case.get(key) or "")


def _seconds(case: Event) -> float:
    value = case.get("duration_ms")
    return value / 1000 if isinstance(value, (int, float)) else 0.0


def _time(case: Event) -> str:
    return f"{_seconds(case):.3f}"
