@needs:statement @needs:versions
Feature: What a server says of its versions is so
  A client that reads of versions in the capability statement does without a fallback of its own.

  @spec:CAP-01 @spec:CON-07
  @needs:update @rule:capability.versioning
  Scenario: A server that says that it heeds versions refuses a superseded one
    Given a resource on the server
    And the capability statement says that versions are heeded
    And someone else has updated it since it was read
    When it is updated from the version that was read
    Then the server answers as promised
    And the resource is as the other writer left it

  @spec:CAP-02
  @needs:update @rule:capability.read-history
  Scenario: A server that says that it keeps past versions shows them
    Given a resource on the server
    And the capability statement says that past versions can be read
    And someone else has updated it since it was read
    When the version that was read is read again
    Then the server answers as promised
