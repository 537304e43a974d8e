@if-promised
Feature: Every resource tells which application it came from
  The server adds its origin to each resource. Who may read and change it is decided by that origin.

  @needs:create @rule:create.resource-origin
  Scenario: A created resource carries its origin
    When a valid resource is created
    Then the answer carries what the server adds

  @needs:update @rule:update.resource-origin
  Scenario: An updated resource carries its origin and its id
    Given a resource on the server
    When it is updated from its current version
    Then the update is accepted
    And the answer carries what the server adds
    And the answer carries the id of the resource

  @needs:update @rule:update.not-an-end-point
  Scenario: An update sent beside the FHIR end-point finds nothing
    When an update is sent to an address that is not a FHIR end-point
    Then the server answers as promised
