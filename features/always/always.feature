Feature: What holds in every exchange
  Some promises are not about one request but about all of them. They are watched in whatever else a run does, races
  included, so these scenarios have no steps of their own.

  @rule:always.no-server-error
  Scenario: No request is answered with a server error
    A client's mistake is told to the client. An answer of 5xx says that the server itself failed, and leaves open
    whether it wrote before it did.

  @rule:always.etag-equals-version
  Scenario: The ETag of an answer names the version that its body shows
    Whoever reads a resource sends one of the two back with the next update. When they differ, one of them is wrong.

  @rule:always.location-leads-there
  Scenario: The Location of an answer names the resource and the version that were written
    Host and base, type, id and version are those of the resource that the request wrote.

  @rule:always.shows-what-was-asked
  Scenario: An answer shows what was asked for
    Whoever reads a resource is shown that one. A search and a history list resources of the type that was asked for,
    and a write that shows what it wrote shows no other.

  @rule:always.version-is-one-content
  Scenario: A version of a resource is the same wherever it is shown
    The answer to a write, a read, a search and a history may all show it. When two of them differ, one is not what was
    stored, and whoever goes on from there destroys something.

  @rule:always.metadata-is-valid
  Scenario: Id, version, time, profiles and labels of a resource have the form that FHIR gives them
    They are what a client names a resource by, and what it says it has seen.

  @rule:always.last-modified-equals-last-updated
  Scenario: The Last-Modified of an answer is the lastUpdated of the version it is about
    A client that keeps the one finds the other later.

  @rule:always.operation-outcome-is-valid
  Scenario: An OperationOutcome names at least one issue, how grave it is, and of which kind
    It names at least one issue, how grave that is, and of which kind.

  @rule:always.content-type-fits-body
  Scenario: The Content-Type of an answer is the one for its body
    A client reads the body as what it is said to be.

  @rule:always.date-present
  Scenario: An answer has a Date
    By that time a client knows how old it is, and how far its own clock is off.
