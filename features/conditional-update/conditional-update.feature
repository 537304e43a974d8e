@needs:conditional-update
Feature: A conditional update finds its resource by what is known of it
  The client knows a name or an identifier, not an id. None found: create it. One: update it. Several: the client must say more.

  @spec:CU-01 @spec:OBS-01
  @rule:conditional-update.none
  Scenario Outline: When nothing matches, the resource is created
    When a conditional update by <criterion> matches nothing
    Then the server answers as promised
    And the new resource holds what was sent

    Examples:
      | criterion  |
      | identifier |
      | name       |

  @spec:CU-02 @spec:OBS-01
  @rule:conditional-update.none-with-id
  Scenario Outline: When nothing matches, an id in the body is answered as the system promises
    When a conditional update by <criterion> with an id in its body matches nothing
    Then the server answers as promised
    And an accepted update created the resource under the id in its body

    Examples:
      | criterion  |
      | identifier |
      | name       |

  @spec:CU-04 @spec:CU-08 @spec:META-01 @spec:OBS-01
  @rule:conditional-update.one
  Scenario Outline: When one resource matches, it is updated
    Given a resource on the server
    When a conditional update by <criterion> matches it
    Then the server answers as promised
    And the resource has a new version
    And the resource holds what was sent

    Examples:
      | criterion  |
      | identifier |
      | name       |

  @spec:CU-05 @spec:OBS-01
  @rule:conditional-update.one-with-other-id
  Scenario Outline: When one resource matches, another id in the body is answered as the system promises
    Given a resource on the server
    When a conditional update by <criterion> with an id in its body matches it
    Then the server answers as promised
    And the resource is as the answer says
    And no resource has the id from the body

    Examples:
      | criterion  |
      | identifier |
      | name       |

  @spec:CU-06 @spec:OBS-01
  @rule:conditional-update.many
  Scenario Outline: When several resources match, nothing is written
    Given two resources that share their <criterion>
    When a conditional update by <criterion> matches both
    Then the server answers as promised
    And both resources are as they were

    Examples:
      | criterion  |
      | identifier |
      | name       |

  @spec:CU-03 @spec:OBS-01
  @rule:conditional-update.none-with-taken-id
  Scenario: When nothing matches, a resource whose id stands in the body is not overwritten
    Given a resource on the server
    When a conditional update with its id in the body matches nothing
    Then the server answers as promised
    And a refusal leaves it as it was

  @spec:CU-09
  @needs:search-type @rule:conditional-update.<criteria>
  Scenario Outline: A conditional update by <criteria> does not write to whatever there is
    Given a resource on the server
    When a conditional update is sent by <criteria>
    Then the server answers as promised
    And a refusal leaves it as it was

    Examples:
      | criteria          |
      | unknown-criterion |
      | no-criterion      |

  @spec:CU-01 @spec:OBS-01
  @needs:delete @rule:conditional-update.deleted
  Scenario: What is deleted matches nothing, so the resource is created anew
    Given resources of ours that match a criterion: one
    And they have been deleted
    When what matches it is updated
    Then the server answers as promised
    And the new resource holds what was sent

  @spec:CU-04
  @rule:conditional-update.near.<resemblance>
  Scenario Outline: What only resembles the criteria is not what they find: <resemblance>
    Given a resource on the server
    And another one whose identifier resembles its own: <resemblance>
    When a conditional update by identifier matches it
    Then the server answers as promised
    And the resource holds what was sent
    And the other one is as it was

    Examples:
      | resemblance  |
      | other-system |
      | longer-value |

  @spec:CU-11
  @rule:conditional-update.one-leaves-criteria
  Scenario: An update by criteria that its body no longer meets is done to what met them
    Given resources of ours that match a criterion: one
    When what matches it is updated so that it does not match any more
    Then the server answers as promised
    And just one is changed, and only where the answer says so
