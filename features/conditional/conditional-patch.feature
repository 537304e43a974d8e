@needs:conditional-patch @needs:json-patch
Feature: A conditional patch changes the one resource that matches
  Whoever patches by what is known of a resource means one. Where there is none, nothing must be made of a patch; where
  there are several, the server must not choose.

  @spec:CP-01
  @rule:conditional-patch.<matches>
  Scenario Outline: A patch by criteria changes at most one resource, as its answer says: <matches>
    Given resources of ours that match a criterion: <matches>
    When what matches it is patched
    Then the server answers as promised
    And just one is changed, and only where the answer says so

    Examples:
      | matches |
      | none    |
      | one     |
      | many    |

  @spec:CP-01
  @rule:conditional-patch.unknown-criterion
  Scenario: A patch by a criterion that the server does not know does not change whatever there is
    Given a resource on the server
    When a patch is sent by a criterion that no server knows
    Then the server answers as promised
    And a refusal leaves it as it was
