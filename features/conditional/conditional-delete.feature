@needs:conditional-delete
Feature: A conditional delete removes what matches, all of it or nothing
  Whoever deletes by what is known of a resource has not seen what will be gone. What does not match must stay, and of
  several that do it must not be chance which ones are left.

  @spec:CD-01 @spec:CD-02 @spec:CD-03 @spec:CAP-04
  @rule:conditional-delete.<matches>
  Scenario Outline: A delete by criteria removes all that match or nothing, as its answer says: <matches>
    Given resources of ours that match a criterion: <matches>
    When what matches it is deleted
    Then the server answers as promised
    And all of them are gone, or none is, as the answer says

    Examples:
      | matches |
      | none    |
      | one     |
      | many    |

  @spec:CD-02
  @rule:conditional-delete.near.<resemblance>
  Scenario Outline: What only resembles the criteria is not removed: <resemblance>
    Given resources of ours that match a criterion: one
    And another one whose identifier resembles the criterion: <resemblance>
    When what matches it is deleted
    Then the server answers as promised
    And the other one is as it was

    Examples:
      | resemblance  |
      | other-system |
      | longer-value |

  @spec:CD-05
  @rule:conditional-delete.unknown-criterion
  Scenario: A criterion that the server does not know removes nothing beyond what the others match
    Given resources of ours that match a criterion: one
    And another one to be written beside it
    When what matches it is deleted, with a criterion besides that no server knows
    Then the server answers as promised
    And the other one is as it was
