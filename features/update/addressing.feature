@needs:update
Feature: An update changes the resource that its address names, and no other
  The address says which resource is meant. A body that speaks of another one must not decide.

  Background:
    Given a resource on the server

  @spec:UPD-03
  @rule:update.body-id.absent
  Scenario: An update whose body has no id is answered as the system promises
    When it is updated with no id in the body
    Then the server answers as promised
    And the resource is as the answer says

  @spec:UPD-02
  @rule:update.body-id.mismatched
  Scenario: An update whose body has the id of another resource does not touch that one
    Given another resource of the same type
    When it is updated with the id of the other resource in the body
    Then the server answers as promised
    And the resource is as the answer says
    And the other resource is as it was

  @spec:UPD-02
  @if-promised @rule:update.body-id.ignored
  Scenario: The id in the body of an update is ignored
    When it is updated with an id in the body that was never given out
    Then the server answers as promised
    And the resource holds what was sent
    And no resource has the id from the body

  @spec:UPD-05
  @rule:update.unknown-id
  Scenario: An update of an id that was never given out is answered as the system promises
    When an id that was never given out is updated
    Then the server answers as promised
    And a refused update created nothing

  @spec:CON-15
  @needs:versions @rule:update.if-match.no-resource
  Scenario: An update that names a version of what does not exist creates nothing
    When an id that was never given out is updated from a version
    Then the server answers as promised
    And the id is still unused

  @spec:CAP-03 @spec:HDR-06 @spec:UPD-01 @spec:UPD-05
  @if-promised @needs:update-create @rule:update.as-create
  Scenario: An update of an id that was never given out creates the resource
    When an id that was never given out is updated
    Then the server answers as promised
    And the new resource has that id and holds what was sent

  @spec:UPD-04
  @rule:update.body-type.mismatched
  Scenario: An update whose body is of another type than its address changes nothing
    When it is updated with a body of another type
    Then the server answers as promised
    And the resource is as it was

  @rule:update.unknown-type
  Scenario: An update of a resource type that does not exist is refused
    When a resource of a type that does not exist is updated
    Then the server answers as promised
