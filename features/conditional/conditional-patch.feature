@needs:conditional-patch @needs:json-patch
Feature: A conditional patch changes the one resource that matches

  @spec:CP-01
  @rule:conditional-patch.<matches>
  Scenario Outline: A patch by criteria, where there is <matches>
    Given resources of ours that match a criterion: <matches>
    When what matches it is patched
    Then the server answers as promised
    And just one is changed, and only where the answer says so

    Examples:
      | matches |
      | none    |
      | one     |
      | many    |
