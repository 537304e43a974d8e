@needs:patch
Feature: A patch changes what it says, from the version it names
  A patch is an update in few words. The promises of an update hold for it: one version replaced by one other, or nothing.

  Background:
    Given a resource on the server

  @spec:CON-17 @spec:META-01 @spec:PAT-02
  @needs:versions @rule:patch.if-match.current
  Scenario: A patch based on the current version is accepted
    When it is patched from its current version
    Then the server answers as promised
    And the resource has a new version
    And the resource holds what the patch says

  @spec:CON-06 @spec:CON-17
  @rule:patch.if-match.missing
  Scenario: A patch that names no version is answered as the system promises
    When it is patched without naming a version
    Then the server answers as promised
    And the resource is as the answer says

  @spec:CON-17
  @needs:versions @rule:patch.if-match.stale
  Scenario: A patch based on a superseded version is refused
    Given someone else has updated it since it was read
    When it is patched from the version that was read
    Then the patch is refused as a version conflict
    And the resource is as the other writer left it

  @spec:PAT-01
  @needs:json-patch @rule:patch.json-patch
  Scenario: A JSON Patch is applied
    When it is patched with a JSON Patch
    Then the server answers as promised
    And the resource holds what the patch says

  @spec:PAT-01 @spec:PAT-14
  @needs:xml-patch @rule:patch.xml-patch
  Scenario: An XML Patch is applied
    When it is patched with an XML Patch
    Then the server answers as promised
    And the resource holds what the patch says

  @spec:PAT-01
  @needs:fhirpath-patch @rule:patch.fhirpath-patch
  Scenario: A FHIRPath Patch is applied
    When it is patched with a FHIRPath Patch
    Then the server answers as promised
    And the resource holds what the patch says

  @spec:PAT-02
  @rule:patch.replaces-only-what-it-says
  Scenario: A patch leaves alone what it does not speak of
    When it is patched from its current version
    Then the patch is accepted
    And nothing but what the patch says has changed

  @needs:versions @rule:patch.headers.etag
  Scenario: A patch carries the new version as a weak ETag
    When it is patched from its current version
    Then the patch is accepted
    And the answer's headers are as promised
    And the answer's ETag is the version that a read shows

  @spec:PAT-03 @spec:PAT-06
  @rule:patch.impossible-change
  Scenario: A patch with one change that is impossible is refused as a whole
    When it is patched with one change that is possible and one that is not
    Then the server answers as promised
    And the resource is as it was

  @rule:patch.unknown-type
  Scenario: A patch of a resource type that does not exist is refused
    When a resource of a type that does not exist is patched
    Then the server answers as promised

  @needs:credentials @rule:patch.unauthenticated
  Scenario: A patch without credentials is refused
    When it is patched without credentials
    Then the server answers as promised
    And the resource is as the answer says

  @spec:PAT-03 @spec:PAT-04
  @needs:json-patch @rule:patch.failing-test
  Scenario: A patch whose test fails is refused as a whole
    When it is patched with a change and a test that fails
    Then the server answers as promised
    And the resource is as it was

  @spec:PAT-03 @spec:PAT-05
  @needs:json-patch @rule:patch.unknown-operation
  Scenario: A patch with an operation that does not exist is refused as a whole
    When it is patched with a change and an operation that does not exist
    Then the server answers as promised
    And the resource is as it was

  @spec:PAT-02 @spec:PAT-07
  @needs:json-patch @rule:patch.invalid-result
  Scenario: A patch that would break the resource's rules is refused
    When it is patched so that it breaks the rules of its type
    Then the server answers as promised
    And a refusal leaves it as it was

  @spec:PAT-08
  @needs:json-patch @rule:patch.id
  Scenario: A patch does not give a resource another id
    When it is patched with another id
    Then the server answers as promised
    And it is still there under its id, and nothing is under the other

  @spec:PAT-08
  @needs:json-patch @rule:patch.resource-type
  Scenario: A patch does not make a resource one of another type
    When it is patched with another type
    Then the server answers as promised
    And a refusal leaves it as it was

  @spec:META-07
  @needs:json-patch @rule:patch.meta.version-id
  Scenario: A versionId that a patch sets is not stored
    When it is patched with a versionId of the client's
    Then the resource has a versionId of the server's

  @spec:ERR-05 @spec:PAT-01
  @needs:json-patch @rule:patch.unsupported-format
  Scenario: A patch in a format that is none is refused, and those that are taken are named
    When it is patched in a format that is none
    Then the server answers as promised
    And the resource is as it was

  @spec:PAT-03 @spec:PAT-06
  @needs:json-patch @rule:patch.target-missing.<operation>
  Scenario Outline: A patch with an operation whose target is not there is refused as a whole: <operation>
    When it is patched with a change and an operation without a target: <operation>
    Then the server answers as promised
    And the resource is as it was

    Examples:
      | operation |
      | remove |
      | replace |
      | move |
      | copy |
      | test |
      | add |
      | insert-beyond |

  @spec:PAT-05
  @needs:json-patch @rule:patch.malformed.<flaw>
  Scenario Outline: A patch document that is none is refused: <flaw>
    When it is patched with a document that is none: <flaw>
    Then the server answers as promised
    And the resource is as it was

    Examples:
      | flaw |
      | not-json |
      | not-a-list |
      | no-path |
      | no-value |

  @spec:META-07
  @needs:json-patch @rule:patch.meta-alone
  Scenario: A patch of the version alone does not set it
    When it is patched with nothing but a versionId of the client's
    Then the resource has a versionId of the server's

  @spec:PAT-16 @spec:PRF-01
  @rule:patch.prefer.<preference>
  Scenario Outline: A client that patches gets back what it prefers: <preference>
    When it is patched from its current version, preferring <preference>
    Then the server answers as promised
    And the resource holds what the patch says

    Examples:
      | preference |
      | minimal |
      | representation |
      | operation-outcome |

  @spec:PAT-13
  @needs:fhirpath-patch @rule:patch.fhirpath-patch.<operation>
  Scenario Outline: A FHIRPath Patch with an operation that cannot be done is refused as a whole: <operation>
    When it is patched by FHIRPath with a change and an operation that cannot be done: <operation>
    Then the server answers as promised
    And the resource is as the answer says

    Examples:
      | operation       |
      | replace-nothing |
      | insert-beyond   |
      | add-existing    |

  @spec:PAT-13
  @needs:fhirpath-patch @rule:patch.fhirpath-patch.delete-nothing
  Scenario: A FHIRPath Patch that deletes what is not there is done
    When it is patched by FHIRPath with a change and an operation that cannot be done: delete-nothing
    Then the server answers as promised
    And the resource is as the answer says
