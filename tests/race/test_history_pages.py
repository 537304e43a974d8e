"""A history in pages, read while others write: soundly joined, or not used at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ifmatch.judge.history import Entry
from ifmatch.race.history_pages import Listing, Page


def joined(pages):
    """The pages as one listing."""
    listing = Listing()
    for page in pages:
        listing = listing.with_page(page)
    return listing


def read_while_growing(size, grows, length):
    """The pages that a reader is given, by offset, of a history that grows by so many versions before each page."""
    pages, offset = [], 0
    for grown in [*grows, *[0] * (2 * length + sum(grows))]:
        length += grown
        newest_first = [Entry(str(number)) for number in range(length, 0, -1)]
        if offset >= length:
            break
        pages.append(Page(tuple(newest_first[offset : offset + size]), "", length))
        offset += size
    return pages


@given(st.integers(1, 4), st.lists(st.integers(0, 4), max_size=5), st.integers(1, 8))
def test_what_is_not_torn_is_the_history_as_it_was(size, grows, length):
    """However it grows between the pages, what is joined is a history that there was, or is known to be torn."""
    listing = joined(read_while_growing(size, grows, length))
    versions = [int(entry.version) for entry in listing.entries]
    assert listing.is_torn or versions == list(range(versions[0], 0, -1))
    assert listing.is_torn or listing.is_whole


@pytest.mark.parametrize(
    ("pages", "versions", "is_torn"),
    [
        (["32", "21"], "321", False),
        (["32", "32", "1"], "321", False),
        (["32", "1"], "321", False),
        (["32", "54", "32", "1"], "325432" + "1", True),
        (["33", "21"], "3321", False),
        (["32", "12", "3"], "32123", True),
    ],
)
def test_pages_are_joined(pages, versions, is_torn):
    """A repeated end is left out; another repetition tears the listing, and one within a page is the server's word."""
    listing = joined(Page(tuple(map(Entry, page)), "", None) for page in pages)
    assert "".join(entry.version for entry in listing.entries) == versions
    assert listing.is_torn is is_torn


def test_another_version_under_the_same_name_is_kept():
    """Two contents under one name are a fork, whichever pages they stand on."""
    one, other = Entry("2", ("a",)), Entry("2", ("b",))
    listing = joined([Page((Entry("3"), one), "", None), Page((other, Entry("1")), "", None)])
    assert [entry.markers for entry in listing.entries] == [(), ("a",), ("b",), ()]


def test_a_deletion_without_a_name_is_not_taken_for_two():
    """It is known again by what else is said of it, and named when all pages are there."""
    deletion = Entry("", method="DELETE")
    pages = [Page((Entry("3"), deletion), "", None), Page((deletion, Entry("1")), "", None)]
    names = [entry.version for entry in joined(pages).oldest_first]
    assert names == ["1", "(deletion, 1 from the end)", "3"]
