"""Every OperationOutcome says what is wrong, in the form that FHIR has for it."""

from collections.abc import Iterator

from ifmatch.monitor.shapes import misshapen
from ifmatch.monitor.watch import Fact, Observed
from ifmatch.rules.answer import Body


def outcome_is_valid(observed: Observed) -> Iterator[Fact]:
    """An OperationOutcome has at least one issue, and each a severity and a code of FHIR's (R4 operationoutcome.html).

    One in XML is not looked into.
    """
    answer = observed.answer
    if answer.body is Body.OPERATION_OUTCOME and answer.json is not None:
        wrong = misshapen("operation_outcome", answer.json)
        yield Fact(not wrong, "an OperationOutcome as FHIR defines it", f"one whose {wrong}")
