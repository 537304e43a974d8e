@needs:versions
Feature: Every request that writes asks for the version it replaces
  A resource is changed by an update, by a patch, by a delete, and by each of them with criteria in place of an id.
  Each is a door of its own, often with code of its own behind it. A lock on one of them protects nobody.

  Background:
    Given a resource that someone else has updated since it was read

  @rule:door.<door>.<case>.exists
  Scenario Outline: By <door>, a write that names the current version is carried out: <case>
    When it is written by <door>, naming <case>
    Then the server answers as promised
    And what was asked of it is done or not, as the answer says

    Examples:
      | door               | case      |
      | fhirpath-patch     | current   |
      | xml-patch          | current   |
      | delete             | current   |
      | conditional-update | current   |
      | conditional-patch  | current   |
      | conditional-delete | current   |
      | update             | list      |
      | json-patch         | list      |
      | delete             | list      |
      | update             | two-lines |

  @rule:door.<door>.<case>.exists
  Scenario Outline: By <door>, a write that names no current version is refused: <case>
    When it is written by <door>, naming <case>
    Then the server answers as promised
    And what was asked of it is done or not, as the answer says

    Examples:
      | door               | case            |
      | update             | strong-stale    |
      | update             | bare-stale      |
      | update             | list-stale      |
      | json-patch         | never-existed   |
      | json-patch         | malformed       |
      | json-patch         | strong-stale    |
      | json-patch         | bare-stale      |
      | json-patch         | list-stale      |
      | json-patch         | two-lines-stale |
      | fhirpath-patch     | stale           |
      | xml-patch          | stale           |
      | delete             | stale           |
      | delete             | never-existed   |
      | delete             | malformed       |
      | delete             | strong-stale    |
      | delete             | bare-stale      |
      | delete             | list-stale      |
      | delete             | two-lines-stale |
      | conditional-update | stale           |
      | conditional-update | never-existed   |
      | conditional-update | malformed       |
      | conditional-patch  | stale           |
      | conditional-delete | stale           |

  @rule:door.<door>.<case>.exists
  Scenario Outline: By <door>, a write that leaves the version open is answered as the system promises: <case>
    When it is written by <door>, naming <case>
    Then the server answers as promised
    And what was asked of it is done or not, as the answer says

    Examples:
      | door               | case    |
      | fhirpath-patch     | missing |
      | xml-patch          | missing |
      | delete             | missing |
      | conditional-patch  | missing |
      | conditional-delete | missing |
      | json-patch         | star    |
      | delete             | star    |

  @rule:door.update.stale-by-many.exists
  Scenario: A version that a dozen others have replaced is refused
    Given others have updated it a dozen times
    When it is written by update, naming stale
    Then the server answers as promised
    And what was asked of it is done or not, as the answer says
