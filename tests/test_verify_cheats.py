"""`ifmatch verify`, as those meet it who try to get round it: without the key whatever is done, with it what can be."""

import base64
import json
import shutil

import pytest
from test_verify import (
    CASES,
    DAYS,
    few_rules,  # noqa: F401  # a fixture
    lines_of,
    packed_again,
    put,
    signer,
    write_run,
    wrong,
)

from ifmatch.cli.main import main
from ifmatch.errors import ExitCode
from ifmatch.log.reader import FILE_NAME as LOG
from ifmatch.report.package import statement, sums
from ifmatch.report.package.signature import enveloped, public_key_of, statement_in
from ifmatch.report.package.statement import seal_package
from ifmatch.report.verify import OF_PACKAGES, Evidence
from ifmatch.report.write import write_all


@pytest.fixture(scope="module")
def owner():
    return signer()


@pytest.fixture(scope="module")
def original(tmp_path_factory, owner):
    """A package, signed."""
    folder = tmp_path_factory.mktemp("packages") / "signed"
    write_run(folder)
    seal_package(write_all(folder), folder, DAYS, owner)
    return folder


@pytest.fixture
def package(tmp_path, original):
    """A copy of it."""
    folder = tmp_path / "package"
    shutil.copytree(original, folder)
    return folder


# ---------------------------------------------------------------- without the key


def flipped(content, place):
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def lines(content):
    return content.splitlines(keepends=True)


def without_line(content, number):
    return b"".join(line for n, line in enumerate(lines(content)) if n != number)


def line_twice(content, number):
    found = lines(content)
    return b"".join([*found[: number + 1], *found[number:]])


def lines_swapped(content, number):
    found = lines(content)
    found[number : number + 2] = reversed(found[number : number + 2])
    return b"".join(found)


#: What is done to the content of a file.
TO_CONTENT = {
    "first byte": lambda content: flipped(content, 0),
    "a byte in the middle": lambda content: flipped(content, len(content) // 2),
    "last byte": lambda content: flipped(content, len(content) - 1),
    "a line dropped": lambda content: without_line(content, len(lines(content)) // 2),
    "a line twice": lambda content: line_twice(content, len(lines(content)) // 2),
    "two lines swapped": lambda content: lines_swapped(content, max(0, len(lines(content)) // 2 - 1)),
    "cut short": lambda content: content[: len(content) // 2],
    "emptied": lambda content: b"",
    "a line more": lambda content: content + b"\n",
    "a verdict for another": lambda content: content.replace(b'"pass"', b'"fail"', 1),
}  # fmt: skip


def taken_away(path):
    path.unlink()


def a_link(path):
    elsewhere = next(p for p in path.parents if p.name == "package").with_name("elsewhere")
    shutil.move(path, elsewhere)
    path.symlink_to(elsewhere)


def a_folder(path):
    path.unlink()
    path.mkdir()


def listed_again(folder):
    """The list of hashes is right again."""
    listed = sums.sums_of(folder, without=(statement.FILE_NAME,))
    (folder / sums.FILE_NAME).write_bytes(sums.as_text(listed))


def named_in(folder):
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


def seen(folder, key):
    """Whether hashes or signature show it: the other checks are not needed for what somebody has signed."""
    evidence = Evidence(folder, key)
    try:
        return any(list(check(evidence)) for check in OF_PACKAGES.values())
    except Exception:  # whatever it is: `verified` tells that it cannot be read
        return True


def is_harmless(name, content):
    """Space around the envelope means nothing: what is signed is in it, and the same."""
    before, now = content
    if name.name != statement.FILE_NAME:
        return False
    try:
        return json.loads(before) == json.loads(now)
    except ValueError:
        return False


@pytest.mark.parametrize("again", [False, True], ids=["as it is", "with new hashes"])
@pytest.mark.parametrize("change", TO_CONTENT)
def test_no_file_can_be_changed(change, again, original, owner, tmp_path):
    """Of every file of the package, whatever is done to it, and whether or not the hashes are computed again."""
    key, tried = public_key_of(owner), 0
    folder = tmp_path / "package"
    shutil.copytree(original, folder)
    listed = (folder / sums.FILE_NAME).read_bytes()
    for name in named_in(original):
        before = (original / name).read_bytes()
        now = TO_CONTENT[change](before) if before else b"x"
        if now == before or is_harmless(name, (before, now)):
            continue
        (folder / name).write_bytes(now)
        if again and name.name != sums.FILE_NAME:
            listed_again(folder)
        assert seen(folder, key), name
        (folder / name).write_bytes(before)
        (folder / sums.FILE_NAME).write_bytes(listed)
        tried += 1
    assert tried
    assert not seen(folder, key)


@pytest.mark.parametrize("change", [without_line, line_twice, lines_swapped, flipped])
def test_no_line_of_the_log_can_be_changed(change, original, owner, package):
    """Each of them, with the seal of the log and the hashes computed again, too."""
    key, content = public_key_of(owner), (original / LOG).read_bytes()
    starts = [sum(map(len, lines(content)[:n])) for n in range(len(lines(content)))]
    for number, start in enumerate(starts[:-1]):
        (package / LOG).write_bytes(change(content, start + 20 if change is flipped else number))
        listed_again(package)
        assert seen(package, key), number


@pytest.mark.slow
@pytest.mark.parametrize("change", [taken_away, a_link, a_folder])
def test_no_file_can_stand_for_another(change, original, owner, tmp_path):
    """A link leads to what may be another thing tomorrow, be it of the seals themselves."""
    for number, name in enumerate(named_in(original)):
        folder = tmp_path / str(number) / "package"
        shutil.copytree(original, folder)
        change(folder / name)
        assert seen(folder, public_key_of(owner)), name
        shutil.rmtree(folder.parent)


def test_no_file_of_another_run_can_be_put_in(original, owner, package, tmp_path):
    """Nor be it signed by the same owner."""
    other = tmp_path / "other"
    write_run(other, "2026-11-22T10-12-07-00000000")
    seal_package(write_all(other), other, DAYS, owner)
    for name in {*named_in(original)} & {*named_in(other)}:
        if (other / name).read_bytes() != (original / name).read_bytes():
            shutil.copy(other / name, package / name)
            assert seen(package, public_key_of(owner)), name
            shutil.copy(original / name, package / name)


def an_empty_folder(folder):
    (folder / "approved").mkdir()


def a_link_more(folder):
    (folder / "approved.html").symlink_to("report.html")


def a_link_to_nothing(folder):
    (folder / "approved.html").symlink_to("nothing")


def a_hidden_file(folder):
    (folder / ".approved").write_text("yes")


def a_file_more(folder):
    (folder / "allure-results" / "0.json").write_text("{}")


@pytest.mark.parametrize(
    "change",
    [an_empty_folder, a_link_more, a_link_to_nothing, a_hidden_file, a_file_more],
    ids=lambda change: change.__name__,
)
def test_nothing_can_be_added(change, package):
    """Of whatever kind."""
    change(package)
    assert "hashes" in wrong(package)


# ---------------------------------------------------------------- with a key of one's own


def attested(path, value):
    """The attestation says something else in one place."""

    def change(folder, key):
        said = statement_in((folder / statement.FILE_NAME).read_bytes())
        place = said
        for name in path[:-1]:
            place = place[name]
        if value is None:
            del place[path[-1]]
        else:
            place[path[-1]] = value
        (folder / statement.FILE_NAME).write_bytes(enveloped(said, key))

    return change


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["subject"], []),
        (["subject"], None),
        (["subject", 0, "name"], "../package/SHA256SUMS"),
        (["_type"], "https://in-toto.io/Statement/v0.1"),
        (["predicateType"], "https://in-toto.io/attestation/vuln"),
        (["predicate", "result"], "FAILED"),
        (["predicate", "configuration"], []),
        (["predicate", "passedTests"], ["update.everything"]),
        (["predicate", "warnedTests"], ["update.everything"]),
        (["predicate", "failedTests"], ["update.everything"]),
        (["predicate", "remark"], "certified by the board"),
        (["predicate", "ifmatch"], None),
        (["predicate", "ifmatch", "qualifies"], False),
        (["predicate", "ifmatch", "software"], "another product"),
        (["predicate", "ifmatch", "expires"], None),
        (["predicate", "ifmatch", "expires"], ""),
        (["predicate", "ifmatch", "expires"], "in due course"),
        (["predicate", "ifmatch", "expires"], "2020-01-01T00:00:00+00:00"),
    ],
)
def test_an_attestation_says_what_the_log_says(path, value, package, owner):
    """Whoever has the key cannot sign more than that, or less, nor for ever."""
    attested(path, value)(package, owner)
    assert wrong(package, public_key_of(owner)) == {"signature"}


@pytest.mark.parametrize("payload_type", ["text/plain", ""])
def test_an_unsigned_envelope_is_of_the_right_kind(payload_type, package, owner):
    """Nobody has signed what is in it, so that is looked at."""
    (package / statement.PUBLIC_KEY).unlink()
    seal_package(write_all(package), package, DAYS, None)
    path = package / statement.FILE_NAME
    path.write_text(json.dumps({**json.loads(path.read_text()), "payloadType": payload_type}))
    assert wrong(package) == {"signature"}


def a_row_left_out(events):
    """One case of a rule that has several, with all that was exchanged for it."""
    rule, row = next((rule, row) for rule, row in CASES if len(rule.rows) > 1)
    gone = next(e for e in events if e.get("rule") == rule.id and e.get("row") == row)
    return [e for e in events if e is not gone and e.get("id") not in gone["exchanges"]]


def numbered(events):
    """The exchanges counted again, so that none seems to be missing."""
    numbers = {}
    for event in events:
        if event["event"] == "exchange":
            event["id"] = numbers.setdefault(event["id"], str(len(numbers) + 1))
    for event in events:
        if event["event"] == "verdict":
            event["exchanges"] = [numbers[id] for id in event["exchanges"]]
            for step in event["steps"]:
                step["exchanges"] = [numbers[id] for id in step["exchanges"]]
    return events


def a_verdict_twice(events):
    (verdict, *_) = [event for event in events if event["event"] == "verdict"]
    return [*events[:-1], verdict, events[-1]]


def two_runs(events):
    return [*events[:-1], *events]


def an_exchange_taken_out(events):
    (gone, *_) = [event for event in events if event["event"] == "exchange"]
    return [event for event in events if event is not gone]


def no_beginning(events):
    return events[1:]


@pytest.mark.parametrize(
    ("change", "finds"),
    [
        (lambda events: numbered(a_row_left_out(events)), {"completeness"}),
        (a_verdict_twice, {"log"}),
        (two_runs, {"log"}),
        (an_exchange_taken_out, {"log"}),
        (no_beginning, {"log"}),
    ],
    ids=["a row", "a verdict twice", "two runs", "an exchange", "no beginning"],
)
def test_a_log_must_hang_together(change, finds, package, owner):
    """Also where all that is made of it is made again, and signed."""
    put(package, map(json.dumps, change([json.loads(line) for line in lines_of(package)])))
    packed_again(package, by=owner)
    assert finds <= wrong(package, public_key_of(owner))


@pytest.mark.parametrize("line", ["", "approved", "[]"])
def test_no_line_is_passed_over(line, package, owner):
    """What is no event is not read, and would stand there unseen."""
    found = lines_of(package)
    put(package, [*found[:3], line, *found[3:]])
    packed_again(package, by=owner)
    assert wrong(package, public_key_of(owner)) == {"log"}


@pytest.mark.parametrize("name", ["junit.xml", "allure-results", "certificate.html"])
def test_no_report_is_kept_back(name, package, owner):
    """A package without the page that says no is no package."""
    path = package / name
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    listed_again(package)
    attested(["subject"], subjects_of(package))(package, owner)
    assert "reports" in wrong(package, public_key_of(owner))


def test_no_report_is_added(package, owner):
    """Be it listed and signed."""
    (package / "endorsement.html").write_text("splendid")
    listed_again(package)
    attested(["subject"], subjects_of(package))(package, owner)
    assert wrong(package, public_key_of(owner)) == {"reports"}


def subjects_of(folder):
    """The subjects of an attestation over what lies there now."""
    said = statement_in((folder / statement.FILE_NAME).read_bytes())
    return [
        {**one, "digest": {"sha256": sums.sum_of(folder / one["name"])}}
        for one in said["subject"]
        if (folder / one["name"]).is_file()
    ]


# ---------------------------------------------------------------- what cannot be known


def test_another_version_is_no_way_round(package, owner, capsys):
    """What cannot be held against the suite is told, and is not told as well."""
    put(package, [line.replace('"version": "0.1.0"', '"version": "0.0.1"') for line in lines_of(package)])  # fmt: skip
    packed_again(package, by=owner)
    assert wrong(package, public_key_of(owner)) == set()
    assert main(["verify", str(package)]) == ExitCode.INCONCLUSIVE
    printed = capsys.readouterr().out
    assert "whether a rule was kept back is not known: it was made by ifmatch 0.0.1" in printed
    assert "AS IT WAS WRITTEN, AS FAR AS THAT CAN BE SEEN" in printed


@pytest.fixture
def own_profile(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('id = "mine"\ntitle = "Mine"\nlabel = "Mine"\nextends = "spine"\n')
    return path


def test_a_profile_of_ones_own_is_known_to_its_writer(package, own_profile, capsys):
    """Whoever verifies names the text that they have; a run by another one is found."""
    assert main(["verify", str(package), "-p", "spine"]) == 0
    assert main(["verify", str(package), "-p", str(own_profile)]) == 1
    assert main(["verify", str(package), "-p", "koppeltaal"]) == 1
    assert "the run was not held to the profile koppeltaal" in capsys.readouterr().out
    assert main(["verify", str(package), "-p", "no-such-profile"]) == 4


def test_a_run_by_it_is_verified_with_its_text(tmp_path, own_profile, owner, capsys):
    """Without that it is not known what was demanded."""
    folder = tmp_path / "by-mine"
    write_run(folder, profile=str(own_profile))
    seal_package(write_all(folder), folder, DAYS, owner)
    assert main(["verify", str(folder)]) == ExitCode.INCONCLUSIVE
    assert "mine is none of the suite's" in capsys.readouterr().out
    assert main(["verify", str(folder), "-p", str(own_profile)]) == 0


def test_a_statement_that_is_none_is_told(package):
    """In a sentence."""
    path, payload = package / statement.FILE_NAME, base64.b64encode(b"[]").decode()
    path.write_text(json.dumps({**json.loads(path.read_text()), "payload": payload}))
    assert "signature" in wrong(package)
