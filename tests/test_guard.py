"""A run writes where it may, as much as it may, as fast as it may; what stops it leaves nothing behind."""

import json
import time

import pytest
from hostile import hostile
from running import run

from ifmatch.client.address import normalised
from ifmatch.client.guard import demand_allowed_host, demand_not_production, says_production
from ifmatch.client.quota import Limits, Quota
from ifmatch.client.settings import Settings
from ifmatch.errors import BudgetSpent, ConfigurationError, ExitCode
from ifmatch.rules import catalogue
from ifmatch.rules.answer import Answer
from ifmatch.suite.forecast import table

# ---------------------------------------------------------------- production


@pytest.mark.parametrize(
    "text",
    [
        "production", "Our PRODUCTION server", "fhir-prod.hospital.example", "prod2.example", "PRD", "eu_prod_1",
        "not acceptance but the prod system", "Productie", "not a test server: production", "non-prod and prod",
        "fhirProd", "ProductionServer", "isProduction=true", "fhirprod.example", "live", "Live system",
        "Produktionsumgebung", "Produktivsystem", "Echtbetrieb", "productieomgeving", "producción", "Produção",
        "produktionsmiljö", "tuotantoympäristö", "productive environment", "производство", "本番環境", "生产环境",
        "ＰＲＯＤＵＣＴＩＯＮ", "pro\u00adduction", "environnement de production",
    ],
)  # fmt: skip
def test_what_says_production(text):
    assert says_production(text)


@pytest.mark.parametrize(
    "text",
    [
        "staging", "product catalogue", "pre-production", "preprod", "non-production", "NonProd", "not for production",
        "This is not a production server", "reproduction", "productivity", "liver function", "delivery", "live tests",
        "Not intended for production", "not to be used in production", "never use in production",
        "Do not use for production", "keine Produktion", "nicht für Produktion", "niet voor productie",
        "isProduction=false", '"production": false', "fhir-nonprod", "preproduction", "NonProduction",
    ],
)  # fmt: skip
def test_what_does_not(text):
    assert not says_production(text)


def settings(url, *hosts, **more):
    return Settings(url, limits=Limits(hosts=hosts), **more)


def test_a_host_named_production_is_refused_before_anything_is_sent():
    with pytest.raises(ConfigurationError, match="looks like a production server"):
        demand_allowed_host(settings("https://fhir.prod.example/r4"))


@pytest.mark.parametrize("listed", ["fhir.prod.example", "fhir.prod.example:8443"])
def test_a_host_that_is_listed_is_allowed(listed):
    demand_allowed_host(settings("https://fhir.prod.example:8443/r4", listed))


@pytest.mark.parametrize(
    ("url", "listed"),
    [
        ("https://other.example/r4", "staging.example"),
        ("https://staging.example.other.example/r4", "staging.example"),
        ("https://staging.example@other.example/r4", "staging.example"),
        ("https://staging.example:8443/r4", "staging.example:443"),
        ("https://sub.staging.example/r4", "staging.example"),
        ("http://[::2]/r4", "::1"),
    ],
)
def test_an_allow_list_is_binding(url, listed):
    with pytest.raises(ConfigurationError, match="not among the hosts"):
        demand_allowed_host(settings(normalised(url)[0], listed))


@pytest.mark.parametrize(
    ("url", "listed"),
    [
        ("https://Staging.Example/r4", "STAGING.example"),
        ("https://staging.example./r4", "staging.example"),
        ("https://staging.example/r4", "staging.example."),
        ("https://staging.example/r4", "staging.example:443"),
        ("https://staging.example:443/r4", "staging.example"),
        ("http://staging.example/r4", "staging.example:80"),
        ("http://[::1]:8080/r4", "::1"),
        ("http://[::1]:8080/r4", "[::1]"),
        ("http://[::1]:8080/r4", "[::1]:8080"),
        ("http://[0:0:0:0:0:0:0:1]:8080/r4", "::1"),
        ("https://münchen.example/r4", "MÜNCHEN.example"),
        ("https://xn--mnchen-3ya.example/r4", "münchen.example"),
    ],
)
def test_one_host_in_two_spellings(url, listed):
    """Capitals, a dot at the end, the usual port, brackets, another script: it is the same host."""
    demand_allowed_host(settings(normalised(url)[0], *Limits.of({"hosts": [listed]}).hosts))


@pytest.mark.parametrize("listed", ["https://staging.example", "staging.example:x", "a@b.example"])
def test_what_is_no_host(listed):
    with pytest.raises(ConfigurationError, match="is no host"):
        demand_allowed_host(settings("https://staging.example/r4", listed))


@pytest.mark.parametrize(
    "url",
    [
        "https://gate.example/prod/r4",
        "https://gate.example/production",
        "https://生产.example/fhir",
    ],
)
def test_an_address_that_says_production(url):
    """Behind a gateway the path is the name; what goes over the network for another script is read."""
    with pytest.raises(ConfigurationError, match="looks like a production server"):
        demand_allowed_host(settings(normalised(url)[0]))


@pytest.mark.parametrize(
    ("statement", "headers"),
    [
        ({"implementation": {"description": "Production"}}, {}),
        ({"title": "FHIR API (prod)"}, {}),
        ({}, {"x-environment": "PROD"}),
        ({}, {"x-production": "true"}),
        ({"purpose": "The production system"}, {}),
    ],
)
def test_a_statement_or_a_header_that_says_production(statement, headers):
    url, answer = "https://a.example/r4", Answer(200, headers)
    with pytest.raises(ConfigurationError, match="Nothing was written"):
        demand_not_production(settings(url), statement, answer)
    demand_not_production(settings(url, "a.example"), statement, answer)


def test_a_header_of_the_target_file_that_says_production():
    given = settings("https://a.example/r4", headers={"X-Tenant": "ward-production"})
    with pytest.raises(ConfigurationError, match="X-Tenant"):
        demand_not_production(given, {}, Answer(200))


# ---------------------------------------------------------------- the budget


def test_a_write_is_kept_back_for_all_that_is_to_be_removed():
    owed = [0]
    quota = Quota(Limits(writes=5), lambda: owed[0], lambda _: None)
    quota.take(3)
    owed[0] = 2
    with pytest.raises(BudgetSpent):
        quota.take(1)
    quota.release_reserve()
    quota.take(2)
    assert quota.sent == 5


def test_writes_take_turns(monkeypatch):
    """A round goes at once; the next one waits until its writes are within the rate again."""
    slept = []
    monkeypatch.setattr(time, "sleep", slept.append)
    quota = Quota(Limits(writes_per_second=2), lambda: 0, lambda _: None)
    quota.take(4)
    assert slept == []
    quota.take(1)
    assert [round(seconds, 1) for seconds in slept] == [2.0]
    assert quota.gap_after(4) == 2.0


def test_a_share_of_the_limits():
    assert Limits(10, 3.0, ("a",)).share_of(3) == Limits(3, 1.0, ("a",))
    assert Limits().share_of(3) == Limits()


RULES = "update.if-match.*,create.*"


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param(RULES, id="one by one"),
        pytest.param("race.update.*,race.create.*", id="racing", marks=pytest.mark.slow),
    ],
)
def test_a_spent_budget(rules, tmp_path):
    """The run ends, removes what it made, sent no more than it might, and is inconclusive: never conformant."""
    (tmp_path / "target.toml").write_text("[limits]\nwrites = 70\n")
    with hostile("none") as server:
        words = [server.base_url, "-p", "fhir-r4", "-t", str(tmp_path / "target.toml")]
        code, report, printed = run([*words, "--rules", rules])
        writes = [asked for asked in server.seen if asked.method != "GET"]
        assert server.left == []
    assert code == ExitCode.INCONCLUSIVE, printed
    assert "budget of 70 writes is spent" in report["message"]
    assert (report["complete"], report["left"]) == (False, [])
    assert 50 < len(writes) <= 70


@pytest.mark.slow
def test_a_rate_holds_across_races(tmp_path):
    """The writes of a race come no faster than allowed, its rounds still meet, and its verdict says so."""
    (tmp_path / "target.toml").write_text("[limits]\nwrites_per_second = 40\n")
    with hostile("none") as server:
        words = [server.base_url, "-p", "fhir-r4", "-t", str(tmp_path / "target.toml")]
        begun = time.monotonic()
        code, report, printed = run([*words, "--rules", "race.update.same-version"])
        took = time.monotonic() - begun
        writes = [asked for asked in server.seen if asked.method != "GET"]
    assert code == ExitCode.CONFORMANT, printed
    (rule,) = (rule for rule in report["rules"] if rule["rule"].startswith("race."))
    assert len(writes) <= 40 * took + 4
    assert "40 writes a second" in json.dumps(rule["race"]["limits"])
    assert rule["race"]["rounds"] >= 20


def test_a_host_that_is_not_listed_is_sent_nothing(tmp_path):
    (tmp_path / "target.toml").write_text('[limits]\nhosts = ["staging.example"]\n')
    with hostile("none") as server:
        words = [server.base_url, "-p", "fhir-r4", "-t", str(tmp_path / "target.toml")]
        code, _, printed = run(words)
        assert server.seen == []
    assert code == ExitCode.USAGE
    assert "not among the hosts" in printed


# ---------------------------------------------------------------- said before it is done


def test_each_rule_that_is_measured_is_there():
    """The table speaks of no rule that is gone: then `python benchmarks/writes.py` has to be run again."""
    assert not table().keys() - {rule.id for rule in catalogue.rules()}


@pytest.mark.slow
def test_a_run_says_first_what_it_will_write():
    """What was foreseen is what is then written, races aside: those are about as measured."""
    with hostile("none") as server:
        words = [server.base_url, "-p", "fhir-r4", "--rules", "update.if-match.*,create.*"]
        code, report, printed = run(words)
    assert code == ExitCode.CONFORMANT, printed
    writes = report["writes"]
    assert f"will write about {writes['foreseen']} times" in printed
    assert abs(writes["sent"] - writes["foreseen"]) <= 0.1 * writes["foreseen"]
    made, foreseen = writes["resources_made"], writes["resources_foreseen"]
    assert abs(made["Patient"] - foreseen["Patient"]) <= 0.1 * foreseen["Patient"]


def test_a_dry_run_sends_nothing_but_the_question_what_the_target_is(tmp_path):
    with hostile("none") as server:
        words = [server.base_url, "-p", "fhir-r4", "--rules", "create.*", "--dry-run"]
        code, report, printed = run(words)
        assert {(asked.method, asked.path) for asked in server.seen} == {("GET", "/fhir/metadata")}
    assert code == ExitCode.CONFORMANT
    assert report is None
    assert "Patient, removed at the end" in printed


def test_what_cannot_be_deleted_is_said():
    """Where the system has no delete, what is made stays, and is said to."""
    _, _, printed = run(["-p", "cerner-r4", "--dry-run", "--rules", "create.*"])
    assert "which cannot be deleted (" in printed, printed
