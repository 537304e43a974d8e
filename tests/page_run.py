"""Runs that pages are made of: one of everything that can be shown, a hostile one, and one as large as is asked."""

from report_log import BASE, at, exchange, failure, footer, header, target, verdict, whole

from ifmatch.report.run import Run

#: What no page may obey: it ends elements, attributes, scripts and comments, and hides what stands around it.
HOSTILE = '</script><img src=x onerror="window.pwned=1"><!--\'{{ 7*7 }}<b>bold</b>\u202e\u0000 ]]>'

SOURCE = {
    "title": "FHIR R4",
    "url": "https://hl7.org/fhir/R4/http.html#concurrency",
    "document": "",
}
ACCEPTED = {"expected": "409 or 412", "got": "200 with a resource", "level": "SHALL"}
CHANGED = {
    "expected": "resource unchanged",
    "got": "resource changed (title is 'a', not 'b'; the version is 3, not 2)",
    "level": "SHALL", "invariant": True, "state": True,
}  # fmt: skip


def step(keyword, text, status="passed", **fields):
    """A sentence that was carried out."""
    return {"keyword": keyword, "text": text, "status": status, **fields}


def accepted(rule, write, reads=1, **fields):
    """A rule whose last write, which was to be refused, was accepted."""
    before = [f"{write}.{number}" for number in range(reads)]
    return failure(
        rule,
        source=SOURCE,
        exchanges=[*before, write],
        started=at(8),
        duration_ms=40,
        steps=[
            step("Given", "a resource on the server", exchanges=before),
            step("When", "it is updated from the version that was read", exchanges=[write]),
            step("Then", "the update is refused", "failed", findings=[ACCEPTED]),
            step("And", "the resource is as it was", "failed", findings=[CHANGED]),
        ],
        **{
            "title": f"About {rule}",
            "findings": [ACCEPTED, CHANGED],
            "observed": {"status": 200, "answer": "200 with a resource"},
            **fields,
        },
    )


def operation(writer, exchange, version, outcome="ok", base="1"):
    """One of those that collided."""
    return {
        "exchange": exchange, "writer": writer, "kind": "update", "base": base, "status": 200, "version": version,
        "outcome": outcome, "invoked": 1_000_000, "returned": 9_000_000,
    }  # fmt: skip


def raced(rule, *operations, anomaly="lost update", **fields):
    """A race that has shown an anomaly."""
    race = {
        "rounds": 40, "overlapping": 38, "exposure_below": 0.1, "confidence": "nothing to boast of",
        "reproduced": [5, 5], "anomalies_in_all": 3, "picture": f"pictures/{rule}.svg",
        "anomalies": [{"name": anomaly, "sentence": "both replaced version 1", "operations": list(operations)}],
    }  # fmt: skip
    ids = [one["exchange"] for one in operations]
    found = {
        "expected": "every write is kept",
        "got": f"{anomaly}: gone",
        "level": "SHALL",
        "state": True,
    }
    return verdict(
        rule, "fail", title="None is lost", message=f"{anomaly.upper()}: gone\n\n▶ A ┣━┫\n",
        race=race, exchanges=ids, findings=[found], started=at(10), duration_ms=900,
        steps=[step("When", "writers race", "failed", exchanges=ids)],
    )  # fmt: skip


def everything():
    """One rule of each verdict, and two causes: If-Match ignored by three rules, and an answer without an ETag."""
    lacking = {"expected": "a ETag header", "got": "no ETag header", "level": "SHALL"}
    return whole(
        exchange("w1", status=200), exchange("w1.0", "GET", 200), exchange("w2", status=200),
        exchange("w2.0", "GET", 200), exchange("w2.1", "GET", 200),
        exchange("r1", status=200, raced=True), exchange("r2", status=200, raced=True),
        exchange("p1", "GET", 200),
        raced("race.update.same-version", operation("A", "r1", "2"), operation("B", "r2", "3")),
        accepted("update.if-match.stale-by-two", "w2", reads=2),
        accepted("update.if-match.stale", "w1"),
        verdict("read.headers.etag", "fail", title="A read has an ETag", findings=[lacking], exchanges=["p1"],
                steps=[step("When", "it is read", exchanges=["p1"]),
                       step("Then", "it has an ETag", "failed", findings=[lacking])]),
        verdict("update.meta.later", "warn", level="SHOULD", title="A warning", message="a weak tag is better",
                findings=[{"expected": "a weak tag", "got": "a strong one", "level": "SHOULD"}]),
        verdict("update.waived", "waived", title="For now", findings=[ACCEPTED],
                waiver={"reason": "next release", "owner": "Ada", "until": "2027-01-01"}),
        verdict("race.none", "inconclusive", title="None is lost", message="nothing overlapped in 40 rounds"),
        verdict("update.broken", "error", title="Broken", message="no set-up", culprit="target"),
        verdict("update.seen", "observed", title="Seen"),
        verdict("update.not", "not-applicable", title="Not here", message="no patch here"),
        verdict("update.ok", title="Fine", exchanges=["p1"], steps=[step("When", "it is read", exchanges=["p1"])]),
        verdict("update.cases", row={"form": "weak"}), verdict("update.cases", row={"form": "strong"}),
        exit_code=1,
    )  # fmt: skip


def certified():
    """A run of a certification: nothing was left out, one rule is waived, and what it rests on is told in full."""
    waiver = {
        "reason": "The vendor mends it in the next release, and no client of ours depends on it", "owner": "Ada Byron",
        "approver": "board@hospital.example", "issue": "https://issues.hospital.example/browse/WARD-1234",
        "until": "2027-01-01",
    }  # fmt: skip
    profile = {
        "id": "reasonable-adjustments", "title": "NHS Reasonable Adjustments Flag API (STU3, on Spine)",
        "sha256": "9f" * 32, "version": "2.1",
        "errata": [{"rule": "update.if-match.stale", "date": "2026-11-01", "what": "demanded 409 for a stale version"}],
    }  # fmt: skip
    versions = {
        "Python": "CPython 3.11.7",
        "httpx": "0.28.1",
        "pytest-bdd": "9.0.1",
        "jsonpatch": "1.33",
    }
    race = {"rounds": 400, "overlapping": 391, "exposure_below": 0.0117}
    return Run.of([
        header(profile=profile, versions=versions, effort="standard", writers=4, seed=7),
        target(waivers={"update.prefer.representation": waiver}),
        verdict("update.prefer.representation", "waived", message="expected a body that is a resource; got text",
                waiver=waiver),
        verdict("update.error.operation-outcome.invalid-content", "warn",
                message="expected a body that is an OperationOutcome; got an empty body"),
        verdict("race.update.abandoned-and-retried", race=race),
        verdict("race.update.same-version", race=race),
        verdict("update.if-match.stale"),
        footer(0),
    ])  # fmt: skip


def hostile():
    """A run in which everything that a server or a target file can say is hostile."""
    shout = exchange(
        "w1", status=200, url=f"{BASE}/{HOSTILE}", body=HOSTILE, headers=[[HOSTILE, HOSTILE]]
    )
    finding = {"expected": HOSTILE, "got": HOSTILE, "level": "SHALL"}
    return whole(
        shout,
        failure(
            "update.if-match.stale", title=HOSTILE, feature=HOSTILE, message=HOSTILE, says=HOSTILE,
            row={HOSTILE: HOSTILE}, findings=[finding], exchanges=["w1"],
            observed={"status": 200, "answer": HOSTILE, "state": HOSTILE},
            source={"title": HOSTILE, "url": f"javascript:{HOSTILE}", "document": HOSTILE},
            steps=[step("When", HOSTILE, "failed", findings=[finding], exchanges=["w1"])],
        ),
        raced("race.x", operation(HOSTILE, "w1", HOSTILE), anomaly=HOSTILE),
        verdict("update.broken", "error", title=HOSTILE, message=HOSTILE, culprit="target"),
        exit_code=1,
    )  # fmt: skip


def large(rules, exchanges_each, body=1000, every=40):
    """A run of so many rules with so many exchanges each, of which one rule in `every` fails."""
    events = []
    for number in range(rules):
        ids = [f"{number}.{each}" for each in range(exchanges_each)]
        events += [exchange(id, status=200, body=_patient(id, body)) for id in ids]
        wrong = {"findings": [ACCEPTED]} if number % every == 0 else {}
        events.append(verdict(
            f"update.group-{number % 12}.rule-{number}", "fail" if wrong else "pass",
            title=f"Rule {number} is kept in every respect", exchanges=ids, started=at(8), duration_ms=40,
            steps=[step("When", f"sentence {part} is carried out", exchanges=ids[part::6]) for part in range(6)],
            **wrong,
        ))  # fmt: skip
    return whole(*events, exit_code=1)


def _patient(id, size):
    """A body of about this size that has nothing in common with another one's."""
    text = f"{id} " * (size // (len(id) + 1))
    return f'{{"resourceType": "Patient", "id": "{id}", "text": "{text}"}}'
