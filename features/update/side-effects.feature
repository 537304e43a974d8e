@needs:update
Feature: What is told of an update is what became of it
  Beside the resource a server may keep who changed it and when, as audit events or as provenance. Whoever looks there
  later has to find each change that was made, and none that was refused.

  Background:
    Given a resource on the server

  @needs:audit-event @rule:update.audit-event.accepted
  Scenario: An accepted update leaves an audit event of its success
    Given every audit event of it is known
    When it is updated from its current version
    Then the update is accepted
    And a new audit event says that it was done

  @needs:audit-event @needs:versions @rule:update.audit-event.refused
  Scenario: A refused update leaves no audit event of success
    Given someone else has updated it since it was read
    And an audit event says so
    When it is updated from the version that was read
    Then no new audit event says that a refused update was done

  @needs:provenance @rule:update.provenance.accepted
  Scenario: An accepted update leaves its provenance
    Given every provenance of it is known
    When it is updated from its current version
    Then the update is accepted
    And a new provenance says that it was done

  @needs:provenance @needs:versions @rule:update.provenance.refused
  Scenario: A refused update leaves no provenance
    Given someone else has updated it since it was read
    And a provenance says so
    When it is updated from the version that was read
    Then no new provenance says that a refused update was done
