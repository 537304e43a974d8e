@needs:update @if-promised
Feature: A reasonable adjustment is never edited, only withdrawn
  What was recorded about a patient's needs stays as it was recorded. To correct it, it is withdrawn, with the reason and
  a comment, and recorded anew.

  @rule:update.status-only
  Scenario: A change of content beside the status is not made
    Given a Flag on the server
    When it is withdrawn with another change beside the status
    Then the server answers as promised
    And the resource is as the answer says
    And what is beside the status is as it was

  @rule:update.removal-reason
  Scenario Outline: A withdrawal without its reason or its comment is refused
    Given a <type> on the server
    When it is withdrawn without its <part>
    Then the server answers as promised
    And the resource is as it was

    Examples:
      | type    | part                                   |
      | Flag    | removal reason and supporting comment  |
      | Flag    | removal reason                         |
      | Flag    | supporting comment                     |
      | Consent | removal reason and supporting comment  |
      | Consent | removal reason                         |
      | Consent | supporting comment                     |
      | List    | removal reason and supporting comment  |
      | List    | removal reason                         |
      | List    | supporting comment                     |

  @needs:create @rule:update.correction
  Scenario Outline: A correction is a withdrawal and a new resource
    Given a <type> on the server
    And it has been updated
    When a valid <type> is created
    Then the new resource has an id of its own and holds what was sent
    And the resource is as it was

    Examples:
      | type    |
      | Flag    |
      | Consent |
      | List    |

  @rule:update.mirror
  Scenario Outline: The answer to an update mirrors what was sent
    Given a <type> on the server
    When it is updated from its current version
    Then the server answers as promised
    And the answer mirrors what was sent

    Examples:
      | type    |
      | Flag    |
      | Consent |
      | List    |

  @rule:update.flag
  Scenario: A Flag is withdrawn by updating it
    Given a Flag on the server
    When it is updated from its current version
    Then the server answers as promised
    And the resource holds all that was sent

  @rule:update.consent
  Scenario: A Consent is withdrawn by updating it
    Given a Consent on the server
    When it is updated from its current version
    Then the server answers as promised
    And the resource holds all that was sent

  @rule:update.list
  Scenario: A List, through which a Condition is withdrawn, can be updated
    Given a List on the server
    When it is updated from its current version
    Then the server answers as promised
    And the resource holds all that was sent
