"""What we made on the target: journalled before it is sent, removed at the end, listed when it must stay."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ifmatch.log.events import Journalled
from ifmatch.log.journal import Fate, Standing, standing
from ifmatch.rules.answer import Resource

#: Takes an entry into the journal.
Journal = Callable[[Journalled], None]


@dataclass
class Item:
    """One resource that a request of ours makes or changes.

    `id` is empty while the target has not told it. `original` is the content to restore when the resource was not ours.
    """

    type: str
    id: str
    unique: str
    original: Resource | None = None
    created: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from others: its id, or before that is known, what makes it unique."""
        return self.type, self.id or self.unique


class Ledger:
    """Keeps account of what we made. An item is journalled before the request that may make it is sent."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._items: list[Item] = []

    def __len__(self) -> int:
        """How many may be there still."""
        return len(self._items)

    def intend(
        self,
        resource_type: str,
        unique: str,
        resource_id: str = "",
        original: Resource | None = None,
    ) -> Item:
        """Note what the next request may make or change."""
        item = Item(resource_type, resource_id, unique, original)
        self._items.append(item)
        self._note("intended", item, original=original or None)
        return item

    def enter(self, resource_type: str, unique: str, resource_id: str) -> Item:
        """Note what was found to be there, and is ours."""
        item = self.intend(resource_type, unique, resource_id)
        self.created(item, resource_id)
        return item

    def created(self, item: Item, resource_id: str) -> None:
        """The target has made it, under this id."""
        item.created, item.id = True, resource_id
        self._note("created", item)

    def never_made(self, item: Item) -> None:
        """The target refused, so there is nothing to remove."""
        self._items.remove(item)
        self._note("refused", item)

    def removed(self, item: Item, action: str = "deleted") -> None:
        """It is gone again, or as it was before."""
        self._items.remove(item)
        self._note(action, item)

    def left(self, item: Item, reason: str) -> None:
        """It stays on the target, for the reason given."""
        self._items.remove(item)
        self._note("left", item, reason=reason)

    def find(self, resource_type: str, resource_id: str) -> Item | None:
        """The item with an id, if it is ours."""
        return next(
            (i for i in self._items if (i.type, i.id) == (resource_type, resource_id)), None
        )

    def open_items(self) -> list[Item]:
        """What is still there, the newest first: what refers to others goes before what it refers to."""
        return self._items[::-1]

    def adopt(self, journal: Iterable[Journalled]) -> None:
        """Take over what others journalled and did not live to remove."""
        ours = {item.key for item in self._items}
        theirs = []
        for one in standing(journal):
            item = item_of(one)
            if one.fate is not Fate.LEFT and item.key not in ours:
                theirs.append(item)
        self._items[:0] = theirs

    def take_over(self, item: Item) -> None:
        """An item of another run's, which is found to be there."""
        self._items.append(item)
        if item.id and not item.created:
            self.created(item, item.id)

    def _note(
        self, action: str, item: Item, reason: str = "", original: Resource | None = None
    ) -> None:
        self._journal(
            Journalled(
                action=action,
                type=item.type,
                id=item.id,
                unique=item.unique,
                reason=reason,
                original=original,
            )
        )


def item_of(one: Standing) -> Item:
    """The item that a journal says may be there."""
    entry = one.entry
    original = dict(entry.original) if entry.original else None
    return Item(entry.type, entry.id, entry.unique, original, created=one.fate is Fate.CREATED)
