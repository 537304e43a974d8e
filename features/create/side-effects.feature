@needs:create
Feature: What is told of a create is what became of it
  Beside the resource a server may keep who made it and when, as audit events or as provenance.

  @needs:audit-event @rule:create.audit-event.accepted
  Scenario: An accepted create leaves an audit event of its success
    When a valid resource is created
    Then the create is accepted
    And a new audit event says that it was created

  @needs:provenance @rule:create.provenance.accepted
  Scenario: An accepted create leaves its provenance
    When a valid resource is created
    Then the create is accepted
    And a new provenance says that it was created
