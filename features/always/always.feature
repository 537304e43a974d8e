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
  Scenario: The Location of an answer leads to what was written
    Host and base, type, id and version are those of the resource that the request wrote.
