@needs:update
Feature: An update can ask that there be nothing yet
  Whoever chooses an id for a new resource must not overwrite the one that someone else has put there meanwhile.

  @spec:INM-02
  @needs:update-create @rule:update.if-none-match.new
  Scenario: An update that asks for nothing to be there creates the resource
    When an id that was never given out is updated, asking that nothing be there
    Then the server answers as promised
    And the new resource has that id and holds what was sent

  @spec:INM-01
  @rule:update.if-none-match.existing
  Scenario: An update that asks for nothing to be there, where something is, is answered as the system promises
    Given a resource on the server
    When it is updated, asking that nothing be there
    Then the server answers as promised
    And the resource is as the answer says

  @spec:INM-04
  @needs:delete @rule:update.if-none-match.deleted
  Scenario: An update of what is deleted, asking that nothing be there, is answered as the system promises
    Given a resource on the server
    And it has been deleted
    When it is updated, asking that nothing be there
    Then the server answers as promised
    And it stays deleted unless the answer says otherwise

  @spec:INM-05 @spec:INM-06
  @needs:versions @rule:update.if-none-match.<form>
  Scenario Outline: An update that asks that the current version not be there does not touch it: <form>
    Given a resource on the server
    When it is updated, asking that its current version not be there: <form>
    Then the server answers as promised
    And the resource is as the answer says

    Examples:
      | form |
      | current |
      | current-strong |
