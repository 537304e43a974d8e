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

  @spec:HDR-07 @spec:PRF-01
  @rule:always.written-version-is-read
  Scenario: The version that the answer to a write names is the one that is read
    A client that wants no body back has nothing else to go by. It sends this version with its next update.

  @rule:always.location-leads-there
  Scenario: The Location of an answer names the resource and the version that were written
    Host and base, type, id and version are those of the resource that the request wrote.

  @spec:META-21 @spec:READ-03 @spec:VREAD-01
  @rule:always.shows-what-was-asked
  Scenario: An answer shows what was asked for
    Whoever reads a resource is shown that one. A search and a history list resources of the type that was asked for,
    and a write that shows what it wrote shows no other.

  @spec:META-02 @spec:VREAD-02 @spec:HDR-07
  @rule:always.version-is-one-content
  Scenario: A version of a resource is the same wherever it is shown
    The answer to a write, a read, a search and a history may all show it. When two of them differ, one is not what was
    stored, and whoever goes on from there destroys something.

  @spec:UPD-07
  @rule:always.read-your-writes
  Scenario: A read shows what was acknowledged before it was sent
    Where reads come from a copy that lags behind, whoever saves and looks does not find what was saved, and saves again.

  @spec:META-04 @spec:META-10
  @rule:always.metadata-is-valid
  Scenario: Id, version, time, profiles and labels of a resource have the form that FHIR gives them
    They are what a client names a resource by, and what it says it has seen.

  @rule:always.last-modified-equals-last-updated
  Scenario: The Last-Modified of an answer is the lastUpdated of the version it is about
    A client that keeps the one finds the other later.

  @rule:always.operation-outcome-is-valid
  Scenario: An OperationOutcome names at least one issue, how grave it is, and of which kind
    A program that is to tell a person what went wrong needs all three.

  @rule:always.content-type-fits-body
  Scenario: The Content-Type of an answer is the one for its body
    A client reads the body as what it is said to be.

  @rule:always.date-present
  Scenario: An answer has a Date
    By that time a client knows how old it is, and how far its own clock is off.

  @spec:CON-03 @spec:UPD-08
  @rule:always.refusal-leaves-no-trace
  Scenario: What a refused write sent is never shown
    Each write carries a text of its own. One that was only sent in writes that were refused can be nowhere to be read.

  @spec:META-02 @spec:CON-26
  @rule:always.version-never-reused
  Scenario: A version that was replaced never names a new one
    Whoever holds a version from long ago must not be let through because the name has come round again.

  @spec:META-09 @spec:HIS-02
  @rule:always.last-updated-never-back
  Scenario: In a history no version is older than the one before it
    Whoever asks what has changed since a moment would miss what carries an earlier time.

  @spec:HDR-09
  @rule:always.last-modified-not-in-the-future
  Scenario: The Last-Modified of an answer is not later than its Date
    What will be changed tomorrow cannot be known today.

  @spec:HDR-06
  @rule:always.status-fits-effect
  Scenario: The status of an answer is one that the request can have come to
    What was updated was not created, and what was written is not unmodified.

  @spec:HIS-08 @spec:HDR-07
  @rule:always.entry-fits-resource
  Scenario: The version and the time that an entry of a Bundle tells are those of its resource
    A client takes the version for its next update from either of them.

  @spec:HIS-05 @spec:HIS-15
  @rule:always.history-entry-says-what-was-done
  Scenario: Each entry of a history says what was done, and shows what was written
    A create and an update leave a resource behind, and a fullUrl names it, not one of its versions.
