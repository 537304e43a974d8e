"""The list of faults, as data: each breaks one rule, or a few that belong together."""

from ifmatch.reference import entry_tampers as e
from ifmatch.reference import gap as g
from ifmatch.reference import tampers as t
from ifmatch.reference.door_faults import door_faults
from ifmatch.reference.fault import Fault
from ifmatch.reference.gap import Gap

#: An If-Match that cannot be read, in the forms that no server honours and in those that only some do.
_MALFORMED = ("update.if-match.malformed", "update.if-match.bare")

#: The rules that are broken when a version conflict is answered or treated wrongly, whatever version was named.
_CONFLICTS = (
    "update.if-match.stale",
    "update.if-match.stale-by-two",
    "update.if-match.stale-equal-content",
    "update.if-match.other-resource",
    "update.if-match.never-existed",
    "update.if-match.id-as-version",
    "update.lost-update.detected",
)

#: Those of them on a version that the resource had once.
_SUPERSEDED = _CONFLICTS[:3]

#: The rules on the ways to name the current version.
_CURRENT = (
    "update.if-match.current",
    "update.if-match.own-etag",
    "update.if-match.from-meta",
    "update.if-match.from-search",
)

#: The rules that are broken when an update makes no version of its own.
_NOT_NEW = (
    "update.version.changes",
    "update.version.distinct",
    "update.if-match.current",
    *_SUPERSEDED,
    "update.lost-update.detected",
    "patch.if-match.stale",
    "conditional-update.one",
    "read.if-none-match.superseded",
)

#: The rules that look at what a create of any kind stored.
_CREATED = (
    "create.persisted",
    "conditional-update.none",
    "conditional-update.none-with-id",
    "update.as-create",
)

#: The rules that are broken on Spine, which explains every refusal, when it explains none.
_EXPLAINED = (
    *(
        f"update.error.operation-outcome.{situation}"
        for situation in (
            "missing",
            "stale",
            "unparsable",
            "invalid-content",
            "body-id",
            "unknown-id",
            "unknown-type",
        )
    ),
    "update.if-match.missing",
    *_CONFLICTS[:-1],
)

_ORIGIN = "http://koppeltaal.nl/fhir/StructureDefinition/resource-origin"

_READ = (
    Fault(
        "read-hides-an-element",
        "A read leaves out an element of what is stored.",
        ("read.existing", *_CREATED),
        tampers={"read": t.changed(t.without("birthDate"))},
    ),
    Fault(
        "read-without-etag",
        "A read carries no ETag.",
        ("read.headers.etag",),
        tampers={"read": t.header("ETag")},
    ),
    Fault(
        "read-etag-is-a-digest",
        "The ETag of a read is a digest of the content, not the version.",
        (
            "read.etag-equals-version",
            "create.headers.etag",
            "update.etag-equals-version",
            "always.etag-equals-version",
        ),
        tampers={"read": t.rewritten("ETag", t.hashed)},
        matches=lambda naming: t.is_digest(naming.current, naming.named),
    ),
    Fault(
        "read-last-modified-is-iso",
        "The Last-Modified of a read is an ISO 8601 time.",
        ("read.headers.last-modified", "read.last-modified-equals-last-updated"),
        tampers={"read": t.header("Last-Modified", "2026-01-01T00:00:00Z")},
    ),
    Fault(
        "read-last-modified-is-another-time",
        "The Last-Modified of a read is not the time of the last change.",
        ("read.last-modified-equals-last-updated",),
        tampers={"read": t.header("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")},
    ),
    Fault(
        "if-none-match-ignored",
        "A reader who has the current version is given it again.",
        ("read.if-none-match.current",),
        profile="spine",
    ),
    Fault(
        "304-for-a-changed-resource",
        "A reader who has a superseded version gets the answer that nothing changed.",
        ("read.if-none-match.superseded",),
    ),
    Fault(
        "every-version-shows-the-newest",
        "A read of an earlier version shows the content of the current one.",
        ("read.version.as-written",),
    ),
    Fault(
        "unknown-id-answered-400",
        "A read of an id that was never given out is answered 400.",
        ("read.unknown-id",),
        tampers={"read.unknown-id": t.status(400)},
    ),
    Fault(
        "unknown-type-read-500",
        "A read of a type that does not exist is answered 500.",
        ("read.unknown-type",),
        tampers={"read.unknown-type": t.status(500)},
    ),
    Fault("deleted-resource-readable", "A deleted resource can still be read.", ("read.deleted",)),
    Fault(
        "deleted-answered-404",
        "A read of a deleted resource is answered 404, as if it had never been.",
        ("read.deleted",),
        profile="aidbox",
        tampers={"read.deleted": t.status(404)},
    ),
    Fault(
        "unauthenticated-read-answered",
        "Whoever has no credentials is given the resource.",
        ("read.unauthenticated",),
        ignores=("read.unauthenticated",),
    ),
)

_CREATE = (
    Fault(
        "create-answered-200",
        "A create is answered 200.",
        (
            "create.valid",
            "create.id.server-assigned",
            "conditional-create.none",
            "conditional-create.deleted",
            "transaction.if-none-exist.none",
        ),
        tampers={"create": t.status(200)},
    ),
    Fault(
        "create-loses-an-element",
        "A create does not store an element of the body.",
        ("read.existing", *_CREATED),
        writes=t.on("create", lambda draft: t.without_elements(draft, "birthDate")),
    ),
    Fault(
        "create-takes-the-clients-id",
        "A create stores the resource under the id in the body.",
        ("create.id.server-assigned",),
        writes=t.on("create", t.under_body_id),
    ),
    Fault(
        "create-with-id-accepted",
        "A create with an id in the body is carried out, where it is to be refused.",
        ("create.id.server-assigned",),
        profile="spine",
        ignores=("create.id.server-assigned",),
    ),
    Fault(
        "create-keeps-the-clients-version-id",
        "A create stores the versionId that the client sent.",
        ("create.meta.version-id.overwritten",),
        writes=t.on("create", t.client_meta("versionId")),
    ),
    Fault(
        "create-keeps-the-clients-last-updated",
        "A create stores the lastUpdated that the client sent.",
        ("create.meta.last-updated.overwritten",),
        writes=t.on("create", t.client_meta("lastUpdated")),
    ),
    Fault(
        "create-drops-tags-and-profiles",
        "A create stores neither tags nor profiles.",
        ("create.meta.profile-and-tags-kept",),
        writes=t.on("create", lambda draft: t.only_meta(draft, "versionId", "lastUpdated")),
    ),
    Fault(
        "create-without-etag",
        "A create carries no ETag.",
        ("create.headers.etag",),
        tampers={"create": t.header("ETag")},
    ),
    Fault(
        "create-without-last-modified",
        "A create carries no Last-Modified.",
        ("create.headers.last-modified",),
        tampers={"create": t.header("Last-Modified")},
    ),
    Fault(
        "create-without-location",
        "A create carries no Location.",
        ("create.headers.location",),
        tampers={"create": t.header("Location")},
    ),
    Fault(
        "create-location-of-another-id",
        "The Location of a create leads nowhere.",
        ("create.headers.location", "create.persisted", "always.location-leads-there"),
        tampers={
            "create": t.rewritten("Location", lambda url: f"{url.partition('/_history/')[0]}0")
        },
    ),
    Fault(
        "create-location-versioned",
        "The Location of a create names a version, where it is to name the resource alone.",
        ("create.headers.location",),
        profile="spine",
        tampers={"create": t.rewritten("Location", lambda url: f"{url}/_history/1")},
    ),
    Fault(
        "unparsable-create-answered-500",
        "A create that cannot be parsed is answered 500.",
        ("create.unparsable",),
        tampers={"create.unparsable": t.status(500)},
    ),
    Fault(
        "invalid-create-stored",
        "A resource that breaks the rules of its type is created.",
        ("create.invalid-content",),
        ignores=("create.invalid-content",),
    ),
    Fault(
        "unknown-type-created-200",
        "A create of a type that does not exist is answered 200.",
        ("create.unknown-type",),
        tampers={"create.unknown-type": t.accepted},
    ),
    Fault(
        "unauthenticated-create-applied",
        "Whoever has no credentials can create.",
        ("create.unauthenticated",),
        ignores=("create.unauthenticated",),
    ),
    Fault(
        "create-without-resource-origin",
        "A created resource does not carry its origin.",
        ("create.resource-origin",),
        profile="koppeltaal",
        writes=t.on("create", lambda draft: t.without_extension(draft, _ORIGIN)),
    ),
)

_PREFER = (
    Fault(
        "prefer-minimal-ignored",
        "A client that prefers a minimal answer gets the resource.",
        ("create.prefer.minimal", "update.prefer.minimal", "patch.prefer.minimal"),
    ),
    Fault(
        "prefer-representation-ignored",
        "A client that prefers the representation gets no body.",
        ("create.prefer.representation", "update.prefer.representation"),
        profile="spine",
    ),
    Fault(
        "prefer-OperationOutcome-ignored",
        "A client that prefers an OperationOutcome gets the resource.",
        (
            "create.prefer.operation-outcome",
            "update.prefer.operation-outcome",
            "patch.prefer.operation-outcome",
        ),
    ),
    Fault(
        "representation-by-default",
        "A client without a preference gets the resource, where the default is no body.",
        ("update.prefer.default",),
        profile="spine",
    ),
)

_IF_MATCH = (
    Fault(
        "if-match-ignored",
        "If-Match is not looked at: the last writer wins.",
        (
            *_CONFLICTS,
            "update.if-match.malformed",
            "update.if-match.two-lines-stale",
            "update.if-match.no-resource",
        ),
        ignores=("update.if-match.*",),
    ),
    Fault(
        "if-match-ignored-with-prefer",
        "If-Match is not looked at where the client says what it prefers to get back.",
        tuple(
            f"update.if-match.stale-as.prefer-{wish}"
            for wish in ("minimal", "representation", "operation-outcome")
        ),
    ),
    Fault(
        "if-match-ignored-in-plain-json",
        "If-Match is not looked at where the content is called application/json.",
        ("update.if-match.stale-as.plain-json",),
    ),
    Fault(
        "malformed-if-match-ignored",
        "An If-Match that cannot be read is taken for none.",
        ("update.if-match.malformed",),
        ignores=_MALFORMED,
    ),
    Fault(
        "malformed-if-match-500",
        "An If-Match that cannot be read is answered 500.",
        ("update.if-match.malformed", "update.if-match.bare", "always.no-server-error"),
        tampers=dict.fromkeys(_MALFORMED, t.status(500)),
    ),
    Fault(
        "strong-tag-500",
        "The current version as a strong tag is answered 500.",
        ("update.if-match.strong",),
        tampers={"update.if-match.strong": t.status(500)},
    ),
    Fault(
        "two-if-match-lines-ignored",
        "Two If-Match lines are taken for none.",
        ("update.if-match.two-lines-stale",),
        ignores=("update.if-match.two-lines-stale",),
    ),
    Fault(
        "blank-if-match-ignored",
        "A blank If-Match lets the update through.",
        ("update.if-match.blank",),
        profile="cerner-dstu2",
        ignores=("update.if-match.blank",),
    ),
    Fault(
        "star-refused",
        "An If-Match of * is refused, where it stands for any version.",
        ("update.if-match.star",),
        profile="aidbox",
        refuses=("update.if-match.star",),
    ),
    Fault(
        "bare-version-refused",
        "The current version without quotes is refused, where it is to be accepted.",
        ("update.if-match.bare",),
        profile="aidbox",
        refuses=("update.if-match.bare",),
    ),
    Fault(
        "missing-if-match-accepted",
        "An update that names no version is carried out, where it is to be refused.",
        ("update.if-match.missing",),
        profile="spine",
        ignores=("update.if-match.missing",),
    ),
    Fault(
        "missing-if-match-refused",
        "An update that names no version is refused, where it is to be carried out.",
        ("update.if-match.missing", "update.without-if-match"),
        profile="aidbox",
        refuses=("update.if-match.missing",),
    ),
    Fault(
        "missing-if-match-answered-409",
        "An update that names no version is refused with the code of a conflict.",
        ("update.if-match.missing",),
        profile="spine",
        tampers={"update.if-match.missing": t.status(409)},
    ),
    Fault(
        "conflict-answered-409",
        "A superseded version is refused with 409 instead of 412.",
        _CONFLICTS,
        tampers={"update.if-match.stale": t.status(409)},
    ),
    Fault(
        "conflict-answered-412",
        "A superseded version is refused with 412 instead of 409.",
        _CONFLICTS,
        profile="spine",
        tampers={"update.if-match.stale": t.status(412)},
    ),
    Fault(
        "conflict-answered-400",
        "A superseded version is refused with 400, whichever way the update comes.",
        (*_CONFLICTS, "race.update.same-version", "race.batch.same-version"),
        tampers={"update.if-match.stale": t.status(400)},
    ),
    Fault(
        "conflict-answered-200",
        "A superseded version is refused, and answered as a success.",
        _CONFLICTS,
        tampers={"update.if-match.stale": t.accepted},
    ),
    Fault(
        "refused-update-applied",
        "A superseded version is refused, and the update is carried out all the same.",
        (*_CONFLICTS, "always.refusal-leaves-no-trace"),
        applies=("update.if-match.stale",),
    ),
    Fault(
        "refused-update-applied-late",
        "A superseded version is refused, and the update is carried out some time later.",
        ("always.refusal-leaves-no-trace",),
        seen_in="update.*",
        applies=("update.if-match.stale",),
    ),
    Fault(
        "refused-update-makes-a-version",
        "A superseded version is refused, and a new version with the old content appears.",
        _CONFLICTS[:-1],
        applies=("update.if-match.stale",),
        writes=t.on_change(
            lambda draft, last: t.old_content(draft, last) if draft.refused else draft
        ),
    ),
    Fault(
        "past-versions-accepted",
        "Any version that the resource ever had is taken for the current one.",
        (*_SUPERSEDED, "update.lost-update.detected", "patch.if-match.stale"),
        matches=lambda naming: t.is_past(naming.store, naming.current, naming.named),
    ),
    Fault(
        "only-the-last-version-is-stale",
        "A version superseded twice is taken for the current one.",
        ("update.if-match.stale-by-two",),
        matches=lambda naming: t.is_past(naming.store, naming.current, naming.named, back=2),
    ),
    Fault(
        "versions-compared-by-their-beginning",
        "A superseded version is accepted when the current one begins with it, as 13 does with 1.",
        ("update.if-match.stale-by-many",),
        matches=lambda naming: t.begins(naming.store, naming.current, naming.named),
    ),
    Fault(
        "versions-compared-as-texts",
        "A superseded version is accepted when it comes later in the alphabet, as 9 does after 13.",
        ("update.if-match.stale-by-many",),
        matches=lambda naming: t.sorts_later(naming.store, naming.current, naming.named),
    ),
    Fault(
        "gzip-in-the-etag",
        "The ETag of a compressed answer says so, and is not taken back.",
        ("update.if-match.from-compressed", "always.etag-equals-version"),
    ),
    Fault(
        "stale-with-equal-content-accepted",
        "A superseded version is accepted when the content equals what is stored.",
        ("update.if-match.stale-equal-content",),
        matches=lambda naming: t.has_content(naming.current, naming.body),
    ),
    Fault(
        "version-of-another-resource-accepted",
        "A version that another resource had is taken for the current one.",
        (
            "update.if-match.other-resource",
            *(
                f"door.{door}.other-forms.exists"
                for door in ("json-patch", "delete", "batch-put", "transaction-put")
            ),
        ),
        matches=lambda naming: t.known_elsewhere(naming.store, naming.current, naming.named),
    ),
    Fault(
        "later-versions-accepted",
        "Versions are compared as numbers: one that is yet to come is accepted.",
        ("update.if-match.never-existed", "update.if-match.other-resource"),
        matches=lambda naming: t.is_later(naming.current, naming.named),
    ),
    Fault(
        "version-of-nothing-accepted",
        "An update that names a version of what does not exist creates the resource.",
        ("update.if-match.no-resource", "race.update.interleaved", "race.delete-vs-update"),
    ),
    Fault(
        "id-accepted-as-version",
        "The id of the resource is taken for its version.",
        ("update.if-match.id-as-version",),
        profile="cerner-dstu2",
        matches=lambda naming: naming.named == naming.current.id,
    ),
    Fault(
        "search-shows-version-0",
        "Search results show the version 0.",
        ("update.if-match.from-search",),
        tampers={"search-type": t.changed(e.without_versions)},
    ),
)

_UPDATE = (
    Fault(
        "update-answered-201",
        "An update is answered as if it had created the resource.",
        (*_CURRENT, "always.status-fits-effect"),
        tampers={"update": t.status(201)},
    ),
    Fault(
        "update-not-stored",
        "An update is answered 200, and nothing is stored.",
        (
            *_NOT_NEW,
            *_CURRENT[1:],
            "update.etag-equals-version",
            "update.if-match.missing",
            "update.meta.last-updated.advances",
            "update.meta.profile-and-tags-kept",
            "update.persisted",
            "update.prefer.representation",
            "update.replaces-content",
        ),
        writes=t.on("update", t.lost),
    ),
    Fault(
        "update-keeps-the-old-content",
        "An update makes a new version, with the old content.",
        (
            *_CURRENT,
            "update.persisted",
            "update.replaces-content",
            "update.if-match.missing",
            "update.lost-update.detected",
            "conditional-update.one",
        ),
        writes=t.on("update", t.on_change(t.old_content)),
    ),
    Fault(
        "update-merges",
        "An element that an update leaves out stays.",
        ("update.replaces-content",),
        writes=t.on("update", t.on_change(t.merged)),
    ),
    Fault(
        "version-id-constant",
        "An update does not change the versionId.",
        _NOT_NEW,
        writes=t.on("update", lambda draft: t.version_of_before(draft, 1)),
    ),
    Fault(
        "version-id-reused",
        "From the third update on, an update takes up an earlier versionId.",
        ("update.version.distinct", "always.version-never-reused"),
        writes=t.on("update", lambda draft: t.version_of_before(draft, 3)),
    ),
    Fault(
        "client-version-id-kept",
        "An update stores the versionId that the client sent.",
        ("update.meta.version-id.overwritten",),
        writes=t.on("update", t.client_meta("versionId")),
    ),
    Fault(
        "client-last-updated-kept",
        "An update stores the lastUpdated that the client sent.",
        ("update.meta.last-updated.overwritten",),
        writes=t.on("update", t.client_meta("lastUpdated")),
    ),
    Fault(
        "last-updated-frozen",
        "An update does not move lastUpdated.",
        ("update.meta.last-updated.advances",),
        writes=t.on("update", t.on_change(t.timed)),
    ),
    Fault(
        "tags-dropped",
        "An update stores neither tags nor profiles.",
        ("update.meta.profile-and-tags-kept",),
        writes=t.on("update", lambda draft: t.only_meta(draft, "versionId", "lastUpdated")),
    ),
    Fault(
        "update-without-etag",
        "An update carries no ETag.",
        ("update.headers.etag",),
        tampers={"update": t.header("ETag")},
    ),
    Fault(
        "etag-strong",
        "The ETag of an update is strong.",
        ("update.headers.etag", "update.if-match.own-etag"),
        tampers={"update": t.rewritten("ETag", lambda etag: etag.removeprefix("W/"))},
    ),
    Fault(
        "etag-unquoted",
        "The ETag of an update has no quotes.",
        ("update.headers.etag", "update.etag-equals-version", "update.if-match.own-etag"),
        tampers={"update": t.rewritten("ETag", lambda etag: etag.removeprefix("W/").strip('"'))},
    ),
    Fault(
        "etag-is-a-digest",
        "The ETag of an update is a digest of the content, not the version.",
        ("update.etag-equals-version", "update.if-match.own-etag"),
        tampers={"update": t.rewritten("ETag", t.hashed)},
    ),
    Fault(
        "etag-of-an-answer-without-a-body-is-another",
        "Where an answer to a create, an update or a patch has no body, its ETag names no version.",
        ("always.written-version-is-read",),
        seen_in="update.prefer.minimal",
        tampers=dict.fromkeys(
            ("create", "update", "patch"), t.if_empty(t.rewritten("ETag", t.hashed))
        ),
    ),
    Fault(
        "etag-of-the-previous-version",
        "The ETag of an update names the version that was replaced.",
        ("update.etag-equals-version", "update.if-match.own-etag", "update.equal-content"),
    ),
    Fault(
        "update-without-last-modified",
        "An update carries no Last-Modified.",
        ("update.headers.last-modified",),
        tampers={"update": t.header("Last-Modified")},
    ),
    Fault(
        "last-modified-is-iso",
        "The Last-Modified of an update is an ISO 8601 time.",
        ("update.headers.last-modified",),
        profile="cerner-dstu2",
        tampers={"update": t.header("Last-Modified", "2018-07-25T11:00:00+00:00")},
    ),
    Fault(
        "update-without-location",
        "An update carries no Location, where it is to carry one.",
        ("update.headers.location",),
        profile="spine",
        tampers={"update": t.header("Location")},
    ),
    Fault(
        "update-location-of-another-id",
        "The Location of an update leads to another resource.",
        ("update.headers.location",),
        profile="spine",
        tampers={"update": t.rewritten("Location", lambda url: f"{url}0")},
    ),
    Fault(
        "update-without-date",
        "An update carries no Date.",
        ("update.headers.date",),
        tampers={"update": t.header("Date")},
    ),
    Fault(
        "body-id-wins",
        "An update changes the resource that the body names, not the one that the address names.",
        ("update.body-id.mismatched",),
        ignores=("update.body-id.mismatched",),
        writes=t.on("update", t.under_body_id),
    ),
    Fault(
        "body-id-mismatch-accepted",
        "An update with the id of another resource in the body is carried out.",
        ("update.body-id.mismatched",),
        ignores=("update.body-id.mismatched",),
    ),
    Fault(
        "body-id-mismatch-refused",
        "An update with another id in the body is refused, where that id is to be ignored.",
        ("update.body-id.mismatched", "update.body-id.ignored"),
        profile="aidbox",
        refuses=("update.body-id.mismatched",),
    ),
    Fault(
        "body-id-absent-accepted",
        "An update without an id in the body is carried out, where it is to be refused.",
        ("update.body-id.absent",),
        ignores=("update.body-id.absent",),
    ),
    Fault(
        "body-id-absent-refused",
        "An update without an id in the body is refused, where it is to be carried out.",
        ("update.body-id.absent",),
        profile="aidbox",
        refuses=("update.body-id.absent",),
    ),
    Fault(
        "unknown-id-created",
        "An update of an id that was never given out creates the resource, where it is to be refused.",
        ("update.unknown-id",),
        profile="koppeltaal",
        ignores=("update.unknown-id",),
    ),
    Fault(
        "unknown-id-refused",
        "An update of an id that was never given out is refused, where it is to create the resource.",
        ("update.unknown-id", "update.as-create"),
        profile="aidbox",
        refuses=("update.unknown-id",),
    ),
    Fault(
        "update-as-create-answered-200",
        "An update that creates is answered 200 instead of 201.",
        ("update.unknown-id", "update.as-create"),
        tampers={"update.as-create": t.status(200)},
    ),
    Fault(
        "wrong-type-stored",
        "An update with a resource of another type is carried out.",
        ("update.body-type.mismatched",),
        ignores=("update.body-type.mismatched",),
    ),
    Fault(
        "unknown-type-answered-200",
        "An update of a type that does not exist is answered 200.",
        ("update.unknown-type",),
        tampers={"update.unknown-type": t.accepted},
    ),
    Fault(
        "unparsable-answered-200",
        "An update that cannot be parsed is answered 200.",
        ("update.unparsable",),
        tampers={"update.unparsable": t.accepted},
    ),
    Fault(
        "unparsable-answered-500",
        "An update that cannot be parsed is answered 500.",
        ("update.unparsable",),
        tampers={"update.unparsable": t.status(500)},
    ),
    Fault(
        "invalid-content-stored",
        "An update that breaks the rules of its type is carried out.",
        ("update.invalid-content",),
        ignores=("update.invalid-content",),
    ),
    Fault(
        "unauthenticated-update-applied",
        "Whoever has no credentials can update.",
        ("update.unauthenticated",),
        ignores=("update.unauthenticated",),
    ),
    Fault(
        "unauthenticated-update-refused-late",
        "An update without credentials is refused after it was carried out.",
        ("update.unauthenticated",),
        applies=("update.unauthenticated",),
    ),
    Fault(
        "conflict-shown-without-credentials",
        "A conflict is found before anyone asks who writes, and its explanation shows the resource.",
        ("update.conflict.undisclosed.without-credentials",),
    ),
    Fault(
        "conflict-shown-to-who-may-not-read",
        "The second identity may write but not read, and the explanation of a conflict shows it the resource.",
        ("update.conflict.undisclosed.to-second-identity", "update.forbidden"),
    ),
    Fault(
        "forbidden-update-applied",
        "Whoever may only read can update.",
        ("update.forbidden",),
        ignores=("update.forbidden",),
    ),
    Fault(
        "updates-answered-405",
        "Updates are claimed, and answered as if there were none.",
        ("capability.update", "update.if-match.current"),
        tampers={"update": t.status(405)},
    ),
    Fault(
        "update-not-claimed",
        "The capability statement leaves out the update that the server carries out.",
        ("capability.update",),
    ),
)

_EXPLANATIONS = (
    Fault(
        "refusals-as-html",
        "Refusals come with an HTML page instead of an OperationOutcome.",
        _EXPLAINED,
        profile="spine",
        tampers={"update.*": t.refusal_body(t.HTML)},
    ),
    Fault(
        "refusals-as-web-pages",
        "Refusals come with an HTML page, where an OperationOutcome or nothing is to come.",
        tuple(rule for rule in _EXPLAINED if rule.startswith("update.error.")),
        profile="koppeltaal",
        tampers={"update.*": t.refusal_body(t.HTML)},
    ),
    Fault(
        "refusals-without-details",
        "The OperationOutcome of a refusal has no details.",
        (
            *_EXPLAINED,
            "update.body-type.mismatched",
            "update.if-match.malformed",
            "update.unauthenticated",
        ),
        profile="spine",
        tampers={"update.*": t.changed(t.without_details)},
    ),
    Fault(
        "refusals-without-a-body",
        "Refusals come without a body.",
        _EXPLAINED,
        profile="spine",
        tampers={"update.*": t.refusal_body(None)},
    ),
    *(
        Fault(
            f"{situation}-not-explained",
            f"A refusal of {words} comes with a line of text instead of an OperationOutcome.",
            (f"update.error.operation-outcome.{situation}", *others),
            profile=profile,
            tampers={rule: t.refusal_body("refused")},
        )
        for situation, words, rule, profile, *others in (
            ("stale", "a superseded version", "update.if-match.stale", "fhir-r4"),
            ("unparsable", "a body that cannot be parsed", "update.unparsable", "fhir-r4"),
            (
                "invalid-content",
                "content that breaks the rules",
                "update.invalid-content",
                "fhir-r4",
            ),
            ("body-id", "another id in the body", "update.body-id.mismatched", "fhir-r4"),
            ("unknown-id", "an unknown id", "update.unknown-id", "spine"),
            ("unknown-type", "an unknown type", "update.unknown-type", "fhir-r4"),
            (
                "missing",
                "an update that names no version",
                "update.if-match.missing",
                "spine",
                "update.if-match.missing",
            ),
        )
    ),
    Fault(
        "stale-explained-with-another-code",
        "The refusal of a superseded version has another issue code than promised.",
        (*_CONFLICTS[:-1], "update.error.operation-outcome.stale"),
        profile="aidbox",
        tampers={"update.if-match.stale": t.issue_code("processing")},
    ),
    Fault(
        "text-plain-missing",
        "The refusal for naming no version is an OperationOutcome, where it is to be a line of plain text.",
        ("update.error.text-plain", "update.error.operation-outcome.missing"),
        profile="cerner-dstu2",
        tampers={"update.if-match.missing": t.explained},
    ),
)

_PATCH = (
    Fault(
        "patch-without-etag",
        "A patch carries no ETag.",
        ("patch.headers.etag",),
        tampers={"patch": t.header("ETag")},
    ),
    Fault(
        "patch-answered-204",
        "A patch is answered 204, without the resource.",
        ("patch.if-match.current", "patch.json-patch", "patch.xml-patch", "patch.fhirpath-patch"),
        tampers={"patch": t.both(t.status(204), t.body(None))},
    ),
    Fault(
        "patch-if-match-ignored",
        "A patch is carried out whatever version it names.",
        ("patch.if-match.stale",),
        ignores=("patch.if-match.*",),
    ),
    Fault(
        "patch-without-if-match-accepted",
        "A patch that names no version is carried out, where it is to be refused.",
        ("patch.if-match.missing",),
        profile="koppeltaal",
        ignores=("patch.if-match.missing",),
    ),
    Fault(
        "patch-conflict-applied",
        "A patch of a superseded version is refused, and carried out all the same.",
        ("patch.if-match.stale",),
        applies=("patch.if-match.stale",),
    ),
    Fault(
        "json-patch-refused",
        "A JSON Patch is refused.",
        ("patch.json-patch", "patch.if-match.current", "patch.replaces-only-what-it-says"),
    ),
    Fault("xml-patch-refused", "An XML Patch is refused.", ("patch.xml-patch",)),
    Fault("fhirpath-patch-refused", "A FHIRPath Patch is refused.", ("patch.fhirpath-patch",)),
    Fault(
        "patch-does-nothing",
        "A patch is answered 200, and nothing changes.",
        (
            "patch.if-match.current",
            "patch.if-match.missing",
            "patch.json-patch",
            "patch.xml-patch",
            "patch.fhirpath-patch",
            "patch.replaces-only-what-it-says",
        ),
        writes=t.on("patch", t.lost),
    ),
    Fault(
        "patch-loses-an-element",
        "A patch takes something else away as well.",
        ("patch.replaces-only-what-it-says",),
        writes=t.on("patch", lambda draft: t.without_elements(draft, "birthDate")),
    ),
    Fault(
        "patch-applied-by-half",
        "A patch that cannot be applied as a whole is applied up to where it fails.",
        ("patch.impossible-change", "patch.failing-test", "patch.unknown-operation"),
    ),
    Fault(
        "patch-of-unknown-type-200",
        "A patch of a type that does not exist is answered 200.",
        ("patch.unknown-type",),
        tampers={"patch.unknown-type": t.accepted},
    ),
    Fault(
        "unauthenticated-patch-applied",
        "Whoever has no credentials can patch.",
        ("patch.unauthenticated",),
        ignores=("patch.unauthenticated",),
    ),
    Fault(
        "unsupported-patch-answered-200",
        "A server that does not patch answers a patch with 200.",
        ("patch.unsupported",),
        profile="spine",
        tampers={"patch.unsupported": t.accepted},
    ),
)

_CONDITIONAL = (
    Fault(
        "conditional-create-answered-200",
        "A conditional update that matches nothing creates, and is answered 200.",
        ("conditional-update.none", "conditional-update.deleted"),
        tampers={"conditional-update.none": t.status(200)},
    ),
    Fault(
        "conditional-update-drops-the-body-id",
        "A conditional update that matches nothing creates under an id of the server's, not under that in the body.",
        ("conditional-update.none-with-id", "update.as-create"),
        profile="aidbox",
        writes=t.on("create", t.under_new_id),
    ),
    Fault(
        "conditional-update-always-creates",
        "A conditional update that matches one resource makes another one.",
        ("conditional-update.one", "conditional-update.one-with-other-id"),
    ),
    Fault(
        "conditional-update-accepts-another-id",
        "A conditional update whose body has another id is carried out, where it is to be refused.",
        ("conditional-update.one-with-other-id",),
        ignores=("conditional-update.one-with-other-id",),
    ),
    Fault(
        "conditional-update-refuses-another-id",
        "A conditional update whose body has another id is refused, where that id is to be ignored.",
        ("conditional-update.one-with-other-id",),
        profile="aidbox",
        refuses=("conditional-update.one-with-other-id",),
    ),
    Fault(
        "conditional-update-takes-the-first",
        "A conditional update that matches several resources updates the first.",
        ("conditional-update.many",),
        ignores=("conditional-update.many",),
    ),
    Fault(
        "conditional-update-refused-late",
        "A conditional update that matches several resources is refused after it updated the first.",
        ("conditional-update.many",),
        applies=("conditional-update.many",),
    ),
)

_SYSTEMS = (
    Fault(
        "update-without-resource-origin",
        "An updated resource does not carry its origin.",
        ("update.resource-origin",),
        profile="koppeltaal",
        writes=t.on("update", lambda draft: t.without_extension(draft, _ORIGIN)),
    ),
    Fault(
        "any-address-is-an-end-point",
        "An update sent beside the end-point is answered 200.",
        ("update.not-an-end-point",),
        profile="koppeltaal",
        tampers={"update.not-an-end-point": t.accepted},
    ),
    Fault(
        "any-change-accepted",
        "An update may change more than the status.",
        ("update.status-only",),
        profile="reasonable-adjustments",
        ignores=("update.status-only",),
    ),
    Fault(
        "removal-reason-not-checked",
        "A withdrawal needs neither reason nor comment.",
        ("update.removal-reason",),
        profile="reasonable-adjustments",
        ignores=("update.removal-reason",),
    ),
    Fault(
        "withdrawal-keeps-the-status",
        "A withdrawal is recorded with its comment, and what was withdrawn stays active.",
        ("update.flag", "update.consent"),
        profile="reasonable-adjustments",
        writes=t.on("update", t.on_change(t.old_element("status"))),
    ),
    Fault(
        "correction-loses-its-category",
        "What is recorded anew loses its category.",
        ("update.correction",),
        profile="reasonable-adjustments",
        writes=t.on("create", lambda draft: t.without_elements(draft, "category", "code")),
    ),
    Fault(
        "update-not-mirrored",
        "The answer to an update leaves out the extensions.",
        ("update.mirror", "update.prefer.representation"),
        profile="reasonable-adjustments",
        tampers={"update": t.changed(t.without("extension"))},
    ),
    Fault(
        "update-answered-empty",
        "The answer to an update is empty, where it is to mirror what was sent.",
        (
            "update.mirror",
            "update.flag",
            "update.consent",
            "update.list",
            "update.if-match.current",
            "update.prefer.representation",
        ),
        profile="reasonable-adjustments",
        tampers={"update": t.body(None)},
    ),
)

#: The rules that are broken when no write is guarded between its check and itself.
_UNGUARDED = (
    "race.update.same-version",
    "race.update.read-modify-write",
    "race.update.interleaved",
    "race.update.abandoned-and-retried",
    "race.update-as-create",
    "race.update-as-create.if-none-match",
    "race.patch.same-version",
    "race.patch-vs-update",
    "race.patch.fhirpath",
    "race.patch.xml",
    "race.patch.distinct-elements",
    "race.read.during-update",
    "race.read.during-patch",
    "race.history.during-update",
    "race.delete-vs-update",
    "race.delete-vs-update.named",
    "race.conditional-delete-vs-update",
    "race.transaction.same-version",
    "race.transaction-vs-update",
    "race.transaction.opposite-order",
    "race.transaction.half-stale",
    "race.batch.half-stale",
    "race.batch.same-version",
    "race.batch-vs-update",
    "race.conditional-update.one",
    "race.create.conditional",
    "race.conditional-update.none",
)

#: What no request shows that comes alone: two must come together, or one must take its time.
_RACES = (
    Fault(
        "check-then-write",
        "Between check and write other requests are served: whoever passed the check in time may write.",
        _UNGUARDED,
        gap=Gap(),
    ),
    Fault(
        "patches-checked-then-written",
        "Between the check of a patch and its write other requests are served.",
        (
            "race.patch.same-version",
            "race.patch.fhirpath",
            "race.patch.xml",
            "race.read.during-patch",
        ),
        gap=Gap(("patch",)),
    ),
    Fault(
        "patches-guarded-apart",
        "A patch waits for other patches, but an update that comes alone does not wait for it.",
        ("race.patch-vs-update",),
        gap=Gap(("patch",), queue=True),
    ),
    Fault(
        "patches-made-of-a-copy",
        "A patch that names no version is applied to a copy, which is stored later, whatever came in between.",
        ("race.patch.distinct-elements",),
        gap=Gap(("patch.unnamed",)),
    ),
    Fault(
        "deletes-checked-then-written",
        "Between the check of a delete and its execution other requests are served.",
        ("race.delete-vs-update",),
        profile="koppeltaal",
        gap=Gap(("delete",)),
    ),
    Fault(
        "named-deletes-checked-then-written",
        "Between the check of the version that a delete names and its execution other requests are served.",
        ("race.delete-vs-update.named",),
        gap=Gap(("delete",)),
    ),
    Fault(
        "transactions-checked-then-written",
        "The entries of a transaction are checked first and written later.",
        (
            "race.transaction.same-version",
            "race.transaction-vs-update",
            "race.transaction.opposite-order",
            "race.transaction.half-stale",
        ),
        gap=Gap(("transaction",)),
    ),
    Fault(
        "transactions-guarded-apart",
        "A transaction waits for other transactions, but an update that comes alone does not wait for it.",
        ("race.transaction-vs-update", "race.transaction.half-stale"),
        gap=Gap(("transaction",), queue=True),
    ),
    Fault(
        "transactions-carried-out-entry-by-entry",
        "A transaction is carried out entry by entry, with others served in between, and what is done stays.",
        (
            "race.transaction.opposite-order",
            "race.transaction.no-precondition",
            "race.transaction.half-stale",
            "race.read.during-transaction",
            "race.search.during-transaction",
        ),
    ),
    Fault(
        "transactions-undone-entry-by-entry",
        "A transaction is carried out entry by entry, with others served in between; one that fails is undone then.",
        (
            "race.read.during-transaction",
            "race.read.during-refused-transaction",
            "race.search.during-transaction",
            "race.transaction.no-precondition",
        ),
    ),
    Fault(
        "transactions-broken-off-with-500",
        "A transaction that finds a conflict halfway is answered 500, and what went before stays.",
        ("race.transaction.opposite-order", "race.transaction.half-stale"),
    ),
    Fault(
        "batches-checked-then-written",
        "The entries of a batch are checked first and written later.",
        ("race.batch.same-version", "race.batch-vs-update", "race.batch.half-stale"),
        gap=Gap(("batch",)),
    ),
    Fault(
        "batches-guarded-apart",
        "A batch waits for other batches, but an update that comes alone does not wait for it.",
        ("race.batch-vs-update", "race.batch.half-stale"),
        gap=Gap(("batch",), queue=True),
    ),
    Fault(
        "if-match-in-bundles-ignored",
        "What an entry of a Bundle says of the version is not looked at.",
        ("race.transaction.same-version", "race.batch.same-version", "race.transaction-vs-update"),
    ),
    Fault(
        "if-none-exist-ignored",
        "A create is carried out whatever its condition.",
        (
            "race.create.conditional",
            "conditional-create.one",
            "conditional-create.many",
            "transaction.if-none-exist.one",
            "transaction.if-none-exist.many",
        ),
    ),
    Fault(
        "conditional-creates-checked-then-written",
        "Between the search of a conditional create and its write other requests are served.",
        ("race.create.conditional",),
        gap=Gap(("create.conditional",)),
    ),
    Fault(
        "conditional-updates-checked-then-written",
        "Between the search of a conditional update and its write other requests are served.",
        ("race.conditional-update.none",),
        gap=Gap(("conditional-update",)),
    ),
    Fault(
        "newcomers-checked-then-written",
        "Whoever found an id free creates under it, even if another did so in between.",
        ("race.update-as-create", "race.update-as-create.if-none-match"),
        gap=Gap(("update.new",)),
    ),
    Fault(
        "unnamed-updates-share-a-version",
        "Of two updates that name no version and come together, the later takes the place of the earlier.",
        ("race.update.no-precondition", "race.update-as-create"),
        gap=Gap(("update.unnamed",), g.overwriting),
    ),
    Fault(
        "unnamed-updates-dropped",
        "Of two updates that name no version and come together, the later is answered 200 and not stored.",
        ("race.update.no-precondition",),
        gap=Gap(("update.unnamed",), g.dropped),
    ),
    Fault(
        "revivals-share-a-version",
        "Of two updates that bring back a deleted resource, the later takes the place of the earlier.",
        ("race.update.revival",),
        gap=Gap(("update.revival",), g.overwriting),
    ),
    Fault(
        "versions-start-anew-after-a-delete",
        "A resource that is brought back begins with version 1 again.",
        ("race.update.revival",),
        writes=t.counted_since_the_delete,
    ),
    Fault(
        "patches-unseen-by-updates",
        "The check of an update looks at what the last update made: a patch that came since is overwritten.",
        ("race.patch-vs-update",),
        matches=lambda naming: t.only_patched_since(
            naming.store, naming.current, naming.named, naming.body
        ),
    ),
    Fault(
        "late-conflict-answered-500",
        "A conflict that is found only at the write is answered 500.",
        ("race.update.no-server-error", "race.update.same-version"),
        gap=Gap(("update",), g.answered(500)),
    ),
    Fault(
        "late-conflict-answered-400",
        "A conflict that is found only at the write is refused with another code than others.",
        ("race.update.same-version",),
        gap=Gap(("update",), g.answered(400)),
    ),
    Fault(
        "late-conflict-wedges",
        "A resource on which a conflict was found only at the write stays locked.",
        ("race.update.never-wedged", "race.update.read-modify-write"),
        gap=Gap(("update",), g.wedging),
    ),
    Fault(
        "crowds-refused",
        "Whoever does not come alone is refused, so that of several nobody gets through.",
        ("race.update.same-version", "race.update.read-modify-write"),
        gap=Gap(("update",), g.refused_in_a_crowd),
    ),
    Fault(
        "late-conflict-shows-the-old-version",
        "Whoever is refused only at the write puts the old version back into the cache.",
        ("race.read.during-update", "race.update.same-version", "race.update.read-modify-write"),
        gap=Gap(("update",), g.putting_back),
    ),
    Fault(
        "reads-mix-two-versions",
        "A read during a write shows half of the last version and half of the one before.",
        ("race.read.during-update", "race.read.during-patch"),
        gap=Gap(("update", "patch"), g.checked_again),
    ),
    Fault(
        "history-loses-a-version",
        "A history that is read during a write lacks the version before the last.",
        ("race.history.during-update",),
        gap=Gap(("update",), g.checked_again),
    ),
    Fault(
        "updates-bring-back-what-was-deleted",
        "An update whose resource was deleted after the check is written all the same.",
        ("race.delete-vs-update", "race.conditional-delete-vs-update"),
        gap=Gap(("update",), g.unless_updated),
    ),
    Fault(
        "kinds-of-writes-guarded-apart",
        "Updates wait for updates, patches for patches and deletes for deletes, but none for those of another kind.",
        ("race.transaction-vs-update", "race.delete-vs-update"),
        gap=Gap(queue=True),
    ),
    Fault(
        "late-delete-answered-500",
        "A delete whose resource was deleted after the check is answered 500.",
        ("race.delete-vs-delete",),
        gap=Gap(("delete*",), g.answered(500)),
    ),
    Fault(
        "deletes-undo-each-other",
        "A delete whose resource was deleted after the check brings it back.",
        ("race.delete-vs-delete",),
        gap=Gap(("delete*",), g.undeleting),
    ),
    Fault(
        "conditional-deletes-undo-updates",
        "A delete by criteria deletes the version that was found: an update that came in between is gone.",
        ("race.conditional-delete-vs-update",),
        gap=Gap(("conditional-delete",), g.overwriting),
    ),
    Fault(
        "half-an-update-stored",
        "Of an update that breaks off, what arrived is mended and stored.",
        ("race.update.aborted-upload",),
    ),
    Fault(
        "if-match-checked-before-the-body",
        "If-Match is looked at when the headers arrive, and not again when the body is there.",
        (
            "race.update.slow-writer",
            "race.update.same-version",
            "race.update.read-modify-write",
            "race.delete-vs-update",
        ),
    ),
    Fault(
        "abandoned-update-applied-late",
        "An update whose client went away is written some time later, whatever came in between.",
        ("race.update.abandoned-and-retried",),
        gap=Gap(("update",), g.written_for_the_absent, lingers=0.1),
    ),
)

_DOORS = (
    Fault(
        "version-compared-by-its-beginning",
        "An If-Match that names the beginning of the current version is let through.",
        ("door.update.stale-by-many.exists",),
        matches=lambda naming: naming.current.version.startswith(naming.named),
    ),
    Fault(
        "transaction-keeps-what-went-before",
        "A transaction that fails keeps what was written before the entry that failed.",
        (
            "transaction.atomic.precondition",
            "transaction.atomic.content",
            *(
                f"door.transaction-put.{case}.exists"
                for case in (
                    "stale",
                    "never-existed",
                    "malformed",
                    "strong-stale",
                    "bare-stale",
                    "list-stale",
                )
            ),
        ),
    ),
    Fault(
        "conditional-references-ignored",
        "A transaction is carried out though it refers by criteria to what does not exist.",
        ("transaction.atomic.reference",),
        ignores=("transaction.reference",),
    ),
)

_CRITERIA = (
    Fault(
        "taken-id-overwritten",
        "A conditional update that matches nothing overwrites the resource whose id stands in its body.",
        ("conditional-update.none-with-taken-id",),
        ignores=("conditional-update.conflict",),
    ),
    Fault(
        "unknown-criteria-ignored",
        "A conditional update is carried out whatever its criteria are.",
        ("conditional-update.unknown-criterion",),
        ignores=("conditional-update.criteria",),
    ),
    Fault(
        "criteria-met-in-any-system",
        "A conditional write goes by the value of an identifier, whatever its system is.",
        (
            "conditional-update.near.other-system",
            "conditional-create.near.other-system",
            "conditional-delete.near.other-system",
        ),
        seen_in="conditional-update.near.other-system",
    ),
    Fault(
        "criteria-met-by-a-longer-value",
        "A conditional write finds what has an identifier that begins with the value.",
        (
            "conditional-update.near.longer-value",
            "conditional-create.near.longer-value",
            "conditional-delete.near.longer-value",
        ),
        seen_in="conditional-update.near.longer-value",
    ),
    Fault(
        "update-of-nothing-accepted",
        "An update that names neither an id nor criteria is answered 200.",
        ("conditional-update.no-criterion",),
        tampers={"conditional-update.criteria": t.accepted},
    ),
    Fault(
        "conditional-patch-of-nothing-accepted",
        "A patch by criteria that match nothing is answered 200.",
        ("conditional-patch.none",),
        tampers={"conditional-patch.none": t.accepted},
    ),
    Fault(
        "patch-answered-202",
        "A patch is answered 202.",
        ("conditional-patch.one", "patch.json-patch"),
        tampers={"patch": t.status(202)},
    ),
    Fault(
        "conditional-patch-takes-the-first",
        "A patch by criteria that match several resources changes the first.",
        ("conditional-patch.many",),
        ignores=("conditional-patch.many",),
    ),
    Fault(
        "conditional-delete-of-nothing-answered-412",
        "A delete by criteria that match nothing is answered 412.",
        ("conditional-delete.none",),
        tampers={"conditional-delete.none": t.status(412)},
    ),
    Fault(
        "conditional-delete-does-nothing",
        "A delete by criteria is accepted, and nothing is deleted.",
        ("conditional-delete.one",),
    ),
    Fault(
        "conditional-delete-takes-the-first",
        "A delete by criteria that match several resources deletes the first.",
        ("conditional-delete.many",),
        ignores=("conditional-delete.many",),
    ),
    Fault(
        "conditional-delete-takes-all-of-the-type",
        "A delete by criteria that cannot be searched by deletes every resource of the type.",
        ("conditional-delete.unknown-criterion",),
    ),
    Fault(
        "update-as-create-answered-500",
        "An update that makes a resource is answered 500.",
        ("update.if-none-match.new", "update.if-none-match.deleted"),
        tampers={"update.as-create": t.status(500)},
    ),
)

_VERSIONS = (
    Fault(
        "vread-hides-an-element",
        "A version is shown without an element of it.",
        ("vread.at-once", "vread.later"),
        tampers={"vread": t.changed(t.without("birthDate"))},
    ),
    Fault(
        "vread-shows-the-newest",
        "Whatever version is asked for, the newest that there was is shown.",
        ("vread.later", "vread.after-delete"),
    ),
    Fault(
        "unknown-version-answered-410",
        "A version that never was is said to be gone.",
        ("vread.unknown-version",),
        tampers={"vread.unknown-id": t.status(410)},
    ),
    Fault(
        "history-without-patches",
        "The history does not list what was patched.",
        ("history.each-write-once",),
    ),
    Fault(
        "history-without-deletions",
        "The history does not list deletions.",
        ("history.deletion",),
    ),
    Fault(
        "history-lists-one-deletion",
        "The history lists only the first of several deletions.",
        ("history.deleted-again",),
    ),
    Fault(
        "what-was-brought-back-stays",
        "Deleting what was deleted and brought back is answered like any delete, and does nothing.",
        ("history.deleted-again",),
    ),
    Fault(
        "every-delete-makes-a-version",
        "Deleting what is deleted already is one more event in its history.",
        ("history.deleted-twice",),
    ),
)

_PATCHES_IN_DETAIL = (
    Fault(
        "invalid-result-of-a-patch-stored",
        "A patch is applied though its result breaks the rules of the type.",
        ("patch.invalid-result",),
        ignores=("patch.invalid-content",),
    ),
    Fault(
        "patch-of-an-id-accepted",
        "A patch with another id is accepted, and the id stays.",
        ("patch.id",),
        ignores=("patch.id",),
    ),
    Fault(
        "patch-of-a-type-accepted",
        "A patch makes a resource one of another type.",
        ("patch.resource-type",),
        ignores=("patch.resource-type", "patch.invalid-content"),
    ),
    Fault(
        "patch-keeps-the-clients-version-id",
        "A patch stores the versionId that it sets.",
        ("patch.meta.version-id", "patch.meta-alone"),
        writes=t.on("patch", t.client_meta("versionId")),
    ),
    Fault(
        "unsupported-patch-answered-400",
        "A patch in a format that is none is answered 400.",
        ("patch.unsupported-format",),
        tampers={"patch.unsupported-format": t.status(400)},
    ),
)

#: The rules on patches that cannot be applied.
_IMPOSSIBLE_PATCHES = (
    *(
        f"patch.target-missing.{operation}"
        for operation in ("remove", "replace", "move", "copy", "test", "add", "insert-beyond")
    ),
    *(f"patch.malformed.{flaw}" for flaw in ("not-json", "not-a-list", "no-path", "no-value")),
)

#: Why the embedded server refuses a patch that cannot be applied.
_PATCH_REFUSALS = ("patch.impossible-change", "patch.failing-test")

#: The rules on updates that name a superseded version, and have another flaw.
_STALE_AND_FLAWED = tuple(
    f"update.if-match.stale-and.{flaw}"
    for flaw in (
        "unparsable",
        "invalid-content",
        "other-id",
        "not-acceptable",
        "unsupported-format",
        "unauthenticated",
    )
)

#: The rules on readers who have the current version.
_UNMODIFIED = (
    *(f"read.condition.{condition}" for condition in ("strong-tag", "list", "star", "date")),
    "read.if-none-match.current",
)

_PARTS = (
    Fault(
        "fhirpath-patch-passes-over",
        "A FHIRPath Patch passes over the operations that cannot be done.",
        tuple(
            f"patch.fhirpath-patch.{operation}"
            for operation in ("replace-nothing", "insert-beyond", "add-existing")
        ),
        profile="fhir-r5",
    ),
    Fault(
        "deleting-nothing-is-an-error",
        "A FHIRPath Patch that deletes what is not there is refused.",
        ("patch.fhirpath-patch.delete-nothing",),
        profile="fhir-r5",
    ),
    Fault(
        "patches-are-not-shown",
        "A client that patches and prefers the representation gets no body.",
        ("patch.prefer.representation",),
        tampers={"patch": t.body(None)},
    ),
    Fault(
        "finding-nothing-500",
        "A write by criteria that match nothing is answered 500.",
        tuple(
            f"door.{door}.any-form.{state}"
            for door in ("conditional-update", "conditional-patch", "conditional-delete")
            for state in ("never", "deleted")
        ),
        tampers={"conditional-*.none": t.status(500)},
    ),
    Fault(
        "impossible-patch-answered-200",
        "A patch that cannot be applied is answered as if it had been.",
        _IMPOSSIBLE_PATCHES,
        tampers=dict.fromkeys(_PATCH_REFUSALS, t.accepted),
    ),
    Fault(
        "impossible-patch-500",
        "A patch that cannot be applied is answered 500.",
        _IMPOSSIBLE_PATCHES,
        tampers=dict.fromkeys(_PATCH_REFUSALS, t.status(500)),
    ),
    Fault(
        "unmodified-answered-412",
        "A reader who has the current version is answered as a writer who has not.",
        _UNMODIFIED,
        tampers={"read.unmodified": t.status(412)},
    ),
    Fault(
        "unmodified-without-etag",
        "An answer that nothing changed does not name the version.",
        ("read.not-modified",),
        tampers={"read.unmodified": t.header("ETag")},
    ),
    Fault(
        "what-is-gone-is-unmodified",
        "A reader of what is deleted is told that nothing changed.",
        ("read.condition.deleted.tag", "read.condition.deleted.star", "read.deleted"),
        tampers={"read.deleted": t.both(t.status(304), t.body(None))},
    ),
    Fault(
        "if-modified-since-goes-first",
        "A date counts, though a tag says otherwise.",
        ("read.condition.superseded-tag-and-date",),
    ),
    Fault(
        "any-date-is-new-enough",
        "A reader who names any date, or none, is told that nothing changed.",
        ("read.condition.earlier-date", "read.condition.no-date"),
    ),
    Fault(
        "any-list-holds-the-current-version",
        "A reader who lists versions is told that nothing changed.",
        ("read.condition.superseded-list",),
    ),
    Fault(
        "head-is-another-etag",
        "The head of a resource names another version than a read.",
        ("read.head",),
    ),
    Fault(
        "head-not-found",
        "The head of a resource is asked for in vain: 404.",
        ("read.head",),
    ),
    Fault(
        "gone-with-the-last-etag",
        "A read of what is deleted carries the ETag of its last version.",
        ("read.deleted.etag",),
        tampers={"read.deleted": t.header("ETag", 'W/"1"')},
    ),
    Fault(
        "versions-can-be-written-to",
        "A write to the address of a version is taken for one to the resource.",
        ("vread.written.PUT", "vread.written.PATCH", "vread.written.DELETE"),
    ),
    Fault(
        "deletion-shows-the-last-content",
        "The version of a deletion shows what was there before.",
        ("vread.deletion",),
    ),
    Fault(
        "history-of-puts",
        "A history says of every version that it was updated.",
        ("history.methods",),
        tampers={"history-instance": e.requests(method="PUT")},
    ),
    Fault("since-ignored", "A history since a time lists everything.", ("history.since",)),
    Fault(
        "since-is-exclusive",
        "A history since a time leaves out what was written at that time.",
        ("history.since",),
    ),
    Fault("count-ignored", "A history is not divided into pages.", ("history.count",)),
    Fault(
        "pages-lose-a-version",
        "From one page of a history to the next a version is lost.",
        ("history.count",),
    ),
    Fault(
        "total-of-the-page",
        "The total of a history is another number.",
        ("history.total",),
        tampers={"history-instance": t.changed(lambda found: {**found, "total": 1})},
    ),
    Fault(
        "unknown-history-is-empty",
        "What never was has an empty history.",
        ("history.unknown-id",),
        tampers={
            "history-instance.unknown-id": t.both(
                t.status(200), t.body({"resourceType": "Bundle", "type": "history"})
            )
        },
    ),
    Fault(
        "flawed-updates-answered-200",
        "An update that is refused for what it is, not for its version, is answered as if it were done.",
        (*_STALE_AND_FLAWED, "update.unparsable", "update.unsupported-format"),
        tampers=dict.fromkeys(
            (
                "update.unparsable",
                "update.invalid-content",
                "update.body-id.mismatched",
                "update.unsupported-format",
                "update.unauthenticated",
                "read.not-acceptable",
            ),
            t.accepted,
        ),
    ),
    Fault(
        "any-condition-is-enough",
        "A write is let through if one of its conditions holds.",
        ("update.if-match.stale-and-new",),
    ),
    Fault(
        "if-unmodified-since-beside-if-match",
        "A date is asked, though the version is named.",
        ("update.if-match.current-and-date",),
    ),
    Fault(
        "versions-are-digests-of-content",
        "A superseded version is accepted when the content is again what it was then.",
        ("update.if-match.content-returned",),
        matches=lambda naming: t.had_this_content(naming.store, naming.current, naming.named),
    ),
    Fault(
        "versions-compared-as-numbers",
        "Versions are compared as numbers.",
        ("update.if-match.inexact.leading-zero",),
        matches=lambda naming: naming.named.lstrip("0") == naming.current.version,
    ),
    Fault(
        "versions-compared-without-case",
        "Versions are compared without regard to case.",
        ("update.if-match.inexact.other-case",),
        profile="spine",
        matches=lambda naming: naming.named.casefold() == naming.current.version.casefold(),
    ),
    Fault(
        "if-none-match-on-updates-ignored",
        "An update is carried out, though the version that it asks not to be there is.",
        (
            "update.if-none-match.current",
            "update.if-none-match.current-strong",
            "update.if-none-match.existing",
            "race.update-as-create.if-none-match",
        ),
        ignores=("update.if-none-match",),
    ),
    Fault(
        "written-before-it-is-not-acceptable",
        "An update is carried out before it is refused because its answer cannot be given.",
        ("update.not-acceptable",),
    ),
    Fault(
        "any-format-is-json",
        "An update is read as JSON, whatever it is said to be.",
        ("update.unsupported-format",),
        ignores=("update.unsupported-format",),
    ),
    Fault(
        "minimal-refusals",
        "A refusal has no body for a client that prefers a minimal answer.",
        ("update.error.prefer-minimal",),
        tampers={"update.if-match.stale": t.body(None)},
    ),
    Fault(
        "unknown-preferences-refused",
        "A preference that the server does not know is a mistake.",
        ("update.prefer.unknown", "update.prefer.unknown-value", "update.prefer.other-case"),
    ),
    Fault(
        "minimal-headers",
        "A minimal answer has no headers either.",
        ("update.prefer.minimal-headers", "create.prefer.minimal-headers"),
        tampers={"update": t.if_empty(t.bare), "create": t.if_empty(t.bare)},
    ),
    Fault(
        "stored-under-another-type",
        "A create at the address of another type is carried out.",
        ("create.body-type.mismatched",),
        ignores=("create.body-type.mismatched", "create.invalid-content"),
    ),
)

_ENTRIES = (
    Fault(
        "one-resource-twice-in-a-transaction",
        "A transaction writes to one resource twice.",
        (
            "transaction.one-resource-twice.update-and-update",
            "transaction.one-resource-twice.update-and-delete",
        ),
        ignores=(
            "transaction.one-resource-twice",
            "update.if-match.stale",
            "delete.if-match.stale",
        ),
    ),
    Fault(
        "transaction-in-the-order-of-its-entries",
        "What a transaction reads is read where the entry stands.",
        ("transaction.order",),
    ),
    Fault(
        "transaction-answered-as-it-is-carried-out",
        "The answers to the entries of a transaction stand in the order in which they are carried out.",
        ("transaction.answers",),
    ),
    Fault(
        "bundle-answers-reversed",
        "The answers to the entries of a Bundle stand in another order.",
        ("transaction.answers", "batch.answers"),
        tampers=dict.fromkeys(("transaction", "batch"), t.changed(e.entries_reversed)),
    ),
    Fault(
        "failed-transaction-in-plain-text",
        "A transaction that fails is explained to nobody.",
        ("transaction.error.operation-outcome",),
        tampers={
            "transaction": t.refusal_body("failed"),
            "update.if-match.stale": t.refusal_body("failed"),
        },
    ),
    Fault(
        "failed-transaction-answered-200",
        "A transaction that fails leaves nothing behind, but is answered 200, with a Bundle that says why.",
        ("transaction.error.operation-outcome",),
    ),
    Fault(
        "references-left-as-they-are",
        "What refers to another entry of a transaction refers to a place-holder.",
        ("transaction.references",),
    ),
    Fault(
        "empty-transaction-refused",
        "A transaction without entries is refused.",
        ("transaction.empty",),
        refuses=("transaction.empty",),
    ),
    Fault(
        "body-id-in-a-transaction-decides",
        "An update whose body has another resource's id is done.",
        ("transaction.body-id",),
        ignores=("update.body-id.mismatched",),
        writes=t.on("update", t.under_body_id),
    ),
    Fault(
        "incomplete-entries-passed-over",
        "A transaction passes over what it cannot understand.",
        ("transaction.incomplete.without-request", "transaction.incomplete.without-resource"),
    ),
    Fault(
        "if-none-match-in-transactions-ignored",
        "An entry that asks for nothing to be there is done, though something is.",
        ("transaction.if-none-match",),
        profile="fhir-r5",
        ignores=("update.if-none-match",),
    ),
    Fault(
        "transaction-shows-everything",
        "The answer to a transaction shows every resource, whatever the client prefers.",
        ("transaction.prefer.minimal",),
    ),
    Fault(
        "transaction-taken-where-none-is-offered",
        "A server that offers no transactions answers one as if it were done.",
        ("transaction.unsupported",),
        profile="koppeltaal",
        tampers={"transaction.unsupported": t.accepted},
    ),
    Fault(
        "unknown-condition-matches-nothing",
        "A create on a condition that the server does not know is carried out.",
        ("conditional-create.unknown-criterion",),
        ignores=("create.criteria",),
    ),
    Fault(
        "condition-with-a-type-finds-nothing",
        "A condition that names the type, too, matches nothing.",
        ("conditional-create.with-type",),
    ),
    Fault(
        "conditional-update-overlooked",
        "A server that knows no conditional updates answers one as if it were done.",
        ("conditional-update.unsupported",),
        profile="spine",
        tampers={"conditional-update.unsupported": t.accepted},
    ),
    Fault(
        "second-update-alike-refused",
        "An update that is sent a second time is refused.",
        ("update.repeated",),
    ),
    Fault(
        "ids-without-case",
        "Ids are compared without regard to case.",
        ("read.other-case",),
    ),
    Fault(
        "condition-overlooked",
        "A server that knows no conditional creates overlooks the condition.",
        ("conditional-create.unsupported",),
        profile="spine",
        ignores=("conditional-create.unsupported",),
    ),
    Fault(
        "patch-by-any-criterion",
        "A patch by a criterion that the server does not know is answered as if it were done.",
        ("conditional-patch.unknown-criterion",),
        tampers={"search-type.criteria": t.accepted},
    ),
    Fault(
        "criteria-looked-at-after-the-write",
        "A conditional update after which the criteria find nothing is answered 500.",
        ("conditional-update.one-leaves-criteria",),
        tampers={"conditional-update.one": t.status(500)},
    ),
    Fault(
        "versioning-claimed-and-not-done",
        "A server that says that it heeds versions does not.",
        ("capability.versioning",),
        profile="spine",
        ignores=("update.if-match.stale",),
    ),
    Fault(
        "history-claimed-and-not-read",
        "A server that says that it shows past versions does not.",
        ("capability.read-history",),
        tampers={"vread": t.both(t.status(404), t.body(None))},
    ),
)

_ALWAYS = (
    Fault(
        "versions-start-anew-when-brought-back",
        "What is brought back is given the version that it first had.",
        ("always.version-never-reused", "door.update.missing.deleted"),
        writes=lambda draft: (
            t.versioned(draft, draft.history[0].version)
            if draft.last is not None and draft.last.resource is None
            else draft
        ),
    ),
    Fault(
        "reads-lag-behind",
        "A read shows what was there 60 ms ago, whatever was acknowledged since.",
        ("always.read-your-writes",),
        seen_in="update.persisted",
    ),
    Fault(
        "patch-answered-201",
        "A patch is answered as if it had created the resource.",
        ("patch.if-match.current", "always.status-fits-effect"),
        tampers={"patch": t.status(201)},
    ),
    Fault(
        "times-run-backwards",
        "Each version is a minute older than the one before it.",
        ("always.last-updated-never-back",),
        seen_in="history.each-write-once",
        writes=t.on_change(t.earlier),
    ),
    Fault(
        "last-modified-tomorrow",
        "The Last-Modified of a read lies in the future.",
        ("always.last-modified-not-in-the-future",),
        seen_in="read.existing",
        tampers={"read": t.header("Last-Modified", "Fri, 01 Jan 2100 00:00:00 GMT")},
    ),
    Fault(
        "history-entries-with-the-newest-etag",
        "Every entry of a history tells the etag of another version.",
        ("always.entry-fits-resource",),
        seen_in="history.each-write-once",
        tampers={"history-instance": e.responses(etag='W/"other"')},
    ),
    Fault(
        "history-entries-of-another-time",
        "Every entry of a history tells another time than its resource.",
        ("always.entry-fits-resource",),
        seen_in="history.each-write-once",
        tampers={"history-instance": e.responses(lastModified="2026-01-01T00:00:00Z")},
    ),
    Fault(
        "history-without-resources",
        "A history lists updates without what they wrote.",
        ("always.history-entry-says-what-was-done",),
        seen_in="history.each-write-once",
        tampers={"history-instance": e.entries_without("resource")},
    ),
    Fault(
        "history-full-urls-are-versions",
        "The fullUrl of an entry in a history names a version.",
        ("always.history-entry-says-what-was-done",),
        seen_in="history.each-write-once",
        tampers={"history-instance": e.full_urls_with("/_history/1")},
    ),
    Fault(
        "texts-read-as-latin-1",
        "What is not ASCII in a body is garbled before it is stored.",
        ("read.existing", "update.persisted", *_CREATED),
        writes=t.garbled,
    ),
    Fault(
        "no-date",
        "No answer carries a Date.",
        ("always.date-present", "update.headers.date"),
        tampers={"*": t.header("Date")},
    ),
    Fault(
        "answers-are-plain-json",
        "Resources are sent as JSON of any kind, not as FHIR's.",
        ("always.content-type-fits-body",),
        seen_in="read.existing",
        tampers={"*": t.header("Content-Type", "application/json")},
    ),
    Fault(
        "refusals-without-an-issue",
        "The OperationOutcome of a refusal has no issue.",
        ("always.operation-outcome-is-valid",),
        seen_in="read.unknown-id",
        tampers={"*.unknown-id": t.changed(lambda outcome: {**outcome, "issue": []})},
    ),
    Fault(
        "refusals-with-a-code-of-their-own",
        "The issue of a refusal has a code that FHIR does not have.",
        ("always.operation-outcome-is-valid",),
        seen_in="read.unknown-id",
        tampers={"*.unknown-id": t.issue_code("404")},
    ),
    Fault(
        "numbers-for-versions",
        "The answer to a create has a versionId that is a number.",
        ("always.metadata-is-valid", "always.version-is-one-content"),
        seen_in="create.persisted",
        tampers={"create": t.changed(lambda found: t.with_meta(found, versionId=1))},
    ),
    Fault(
        "reads-show-nothing",
        "A read is answered 200, with an empty body.",
        ("read.existing", "always.shows-what-was-asked"),
        tampers={"read": t.body(None)},
    ),
    Fault(
        "search-is-no-bundle",
        "A search is answered with a number.",
        ("always.shows-what-was-asked", "always.content-type-fits-body"),
        seen_in="update.if-match.from-search",
        tampers={
            "search-type": t.both(t.body("7"), t.header("Content-Type", "application/fhir+json"))
        },
    ),
    Fault(
        "search-lists-no-ids",
        "A search lists resources without their ids.",
        ("always.shows-what-was-asked",),
        seen_in="update.if-match.from-search",
        tampers={"search-type": t.changed(e.without_ids)},
    ),
    Fault(
        "history-is-no-bundle",
        "A history is answered with a resource that is no Bundle.",
        ("always.shows-what-was-asked",),
        seen_in="update.unparsable",
        tampers={"history-instance": t.body({"resourceType": "Parameters"})},
    ),
    *(
        Fault(
            f"{interaction}-shows-other-content",
            f"The answer to a {interaction} lacks an element of what is stored.",
            ("always.version-is-one-content",),
            seen_in=f"{interaction}.*",
            tampers={interaction: t.changed(t.without("birthDate"))},
        )
        for interaction in ("create", "update", "patch")
    ),
    Fault(
        "search-shows-other-content",
        "What a search lists of a version is not what a read shows of it.",
        ("always.version-is-one-content",),
        seen_in="update.if-match.from-search",
        tampers={
            "search-type": t.changed(lambda found: e.each_entry(found, t.without("birthDate")))
        },
    ),
    Fault(
        "update-shows-the-time-before",
        "The answer to an update shows a lastUpdated that is not the stored one.",
        ("always.version-is-one-content", "always.last-modified-equals-last-updated"),
        seen_in="update.persisted",
        tampers={
            "update": t.changed(
                lambda found: t.with_meta(found, lastUpdated="2026-01-01T00:00:00.000Z")
            )
        },
    ),
    Fault(
        "update-last-modified-is-another-time",
        "The Last-Modified of an update is not the time of the update.",
        ("always.last-modified-equals-last-updated",),
        seen_in="update.persisted",
        tampers={"update": t.header("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")},
    ),
)

#: The writes of which something is kept, and those of them that may be refused for the version that they name.
_WRITES_KEPT = ("create", "update", "patch", "delete")
_WRITES_REFUSED = _WRITES_KEPT[1:]

#: No system at hand promises what these break: a profile of none does.
_SIDE_EFFECTS = (
    Fault(
        "write-without-audit-event",
        "A write is carried out, and no audit event tells of it.",
        tuple(f"{write}.audit-event.accepted" for write in _WRITES_KEPT),
        profile="proof/side-effects",
    ),
    Fault(
        "refused-write-audited-as-done",
        "A write is refused, and an audit event says that it was done.",
        tuple(f"{write}.audit-event.refused" for write in _WRITES_REFUSED),
        profile="proof/side-effects",
    ),
    Fault(
        "write-without-provenance",
        "A write is carried out, and no provenance tells of it.",
        tuple(f"{write}.provenance.accepted" for write in _WRITES_KEPT),
        profile="proof/side-effects",
    ),
    Fault(
        "refused-write-has-provenance",
        "A write is refused, and a provenance tells who made it.",
        tuple(f"{write}.provenance.refused" for write in _WRITES_REFUSED),
        profile="proof/side-effects",
    ),
)

#: Every fault, by the interaction that it spoils.
ALL: tuple[Fault, ...] = (
    *_PARTS,
    *_ENTRIES,
    *_ALWAYS,
    *_READ,
    *_CREATE,
    *_PREFER,
    *_IF_MATCH,
    *_UPDATE,
    *_EXPLANATIONS,
    *_PATCH,
    *_CONDITIONAL,
    *_SYSTEMS,
    *_RACES,
    *_DOORS,
    *_CRITERIA,
    *_VERSIONS,
    *_PATCHES_IN_DETAIL,
    *_SIDE_EFFECTS,
    *door_faults(),
)
