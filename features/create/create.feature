@needs:create
Feature: A create makes a new resource and says where it is
  The server gives the new resource its id and its first version. The client needs both, for its next update starts from them.

  @spec:CRE-01
  @rule:create.valid
  Scenario: A valid resource is created
    When a valid resource is created
    Then the server answers as promised

  @rule:create.persisted
  Scenario: What was created can be read
    When a valid resource is created
    Then the new resource holds what was sent

  @spec:CRE-02
  @rule:create.id.server-assigned
  Scenario: An id that the client puts into the body of a create is not taken
    When a resource is created with an id in its body
    Then the server answers as promised
    And the id in the body was not taken

  @spec:META-05
  @rule:create.meta.version-id.overwritten
  Scenario: A versionId that the client puts into a create is overwritten
    When a resource is created with a versionId of the client's
    Then the new resource has a versionId of the server's

  @spec:META-05
  @rule:create.meta.last-updated.overwritten
  Scenario: A lastUpdated that the client puts into a create is overwritten
    When a resource is created with a lastUpdated of the client's
    Then the new resource has a lastUpdated of the server's

  @rule:create.meta.profile-and-tags-kept
  Scenario: The profiles and tags that a create sends are kept
    When a resource is created with a tag and a profile
    Then the new resource has that tag and that profile

  @spec:HDR-03 @spec:META-12 @spec:META-13
  @needs:versions @rule:create.headers.etag
  Scenario: A create carries the first version as a weak ETag
    When a valid resource is created
    Then the answer's headers are as promised
    And the answer's ETag is the version that a read shows

  @spec:HDR-03
  @rule:create.headers.last-modified
  Scenario: A create tells when it was done, as an HTTP date
    When a valid resource is created
    Then the answer's headers are as promised

  @spec:CRE-01 @spec:HDR-02
  @rule:create.headers.location
  Scenario: The Location of a create names the new resource
    When a valid resource is created
    Then the answer's headers are as promised
    And the new resource is found under the id in the answer's Location

  @spec:PRF-01
  @rule:create.prefer.minimal
  Scenario: A client that prefers a minimal answer to its create gets no body
    When a valid resource is created, preferring "return=minimal"
    Then the server answers as promised
    And the new resource holds what was sent

  @spec:PRF-01
  @rule:create.prefer.representation
  Scenario: A client that prefers the representation gets the created resource
    When a valid resource is created, preferring "return=representation"
    Then the server answers as promised
    And the new resource holds what was sent

  @spec:ERR-02 @spec:PRF-01
  @rule:create.prefer.operation-outcome
  Scenario: A client that prefers an OperationOutcome to its create gets one
    When a valid resource is created, preferring "return=OperationOutcome"
    Then the server answers as promised
    And the new resource holds what was sent

  @spec:CRE-04
  @rule:create.unparsable
  Scenario: A create that cannot be parsed is refused
    When a create is sent that cannot be parsed
    Then the server answers as promised
    And nothing was created

  @spec:CRE-04 @spec:UPD-09
  @rule:create.invalid-content
  Scenario: A create that breaks the resource's rules is refused
    When a resource is created that breaks the rules of its type
    Then the server answers as promised
    And a refusal has created nothing

  @rule:create.unknown-type
  Scenario: A create of a resource type that does not exist is refused
    When a resource of a type that does not exist is created
    Then the server answers as promised

  @needs:credentials @rule:create.unauthenticated
  Scenario: A create without credentials is refused
    When a valid resource is created without credentials
    Then the server answers as promised
    And a refusal has created nothing

  @spec:PRF-01
  @needs:versions @rule:create.prefer.minimal-headers
  Scenario: A create with a minimal answer still says where the new resource is
    When a valid resource is created, preferring "return=minimal"
    Then the answer's headers are as promised

  @spec:CRE-03
  @rule:create.body-type.mismatched
  Scenario: A create whose body is of another type than its address makes nothing
    When a resource is created at the address of another type
    Then the server answers as promised
    And a refusal has created nothing
