@needs:conditional-create
Feature: A conditional create makes a resource only if there is none like it
  Two clinics register the same person. The second learns that the person is known already, and where.

  @spec:CC-01 @spec:CC-02 @spec:CC-03 @spec:CAP-04
  @rule:conditional-create.<matches>
  Scenario Outline: A create on the condition that nothing matches leaves alone what is there: <matches>
    Given resources of ours that match a criterion: <matches>
    When a resource is created on the condition that nothing matches it
    Then the server answers as promised
    And what was there is as it was, and nothing was made beside it but what the answer says

    Examples:
      | matches |
      | none    |
      | one     |
      | many    |

  @spec:CC-01
  @rule:conditional-create.near.<resemblance>
  Scenario Outline: What only resembles the criteria does not keep a resource from being made: <resemblance>
    Given resources of ours that match a criterion: none
    And another one whose identifier resembles the criterion: <resemblance>
    When a resource is created on the condition that nothing matches it
    Then the server answers as promised
    And the new resource holds what was sent
    And the other one is as it was

    Examples:
      | resemblance  |
      | other-system |
      | longer-value |

  @spec:CC-07
  @needs:delete @rule:conditional-create.deleted
  Scenario: A create on the condition that nothing matches does not count what is deleted
    Given resources of ours that match a criterion: one
    And they have been deleted
    When a resource is created on the condition that nothing matches it
    Then the server answers as promised
    And the new resource holds what was sent

  @spec:CC-04
  @rule:conditional-create.unknown-criterion
  Scenario: A criterion that the server does not know does not stand for any resource
    Given a resource on the server
    When a resource is created on the condition that nothing matches what no server knows
    Then the server answers as promised
    And the resource is as it was

  @spec:CC-04
  @rule:conditional-create.with-type
  Scenario: A condition that names the type, too, does not make a second resource
    Given resources of ours that match a criterion: one
    When a resource is created on the condition that nothing matches it, with the type before it
    Then the server answers as promised
    And what was there is as it was, and nothing was made beside it but what the answer says
