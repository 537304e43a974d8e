@needs:versions
Feature: What is not there has no version to be replaced
  A write that names a version of what never was, or is gone, is based on something that nobody can have seen. It makes
  nothing, and brings nothing back.

  @rule:door.<door>.<case>.never
  Scenario Outline: By <door>, a write to an id that was never given out makes nothing: <case>
    Given an id that was never given out
    When it is written by <door>, naming <case>
    Then the server answers as promised
    And a refusal leaves the id unused

    Examples:
      | door            | case      |
      | update          | malformed |
      | update          | star      |
      | update          | list      |
      | json-patch      | missing   |
      | json-patch      | current   |
      | delete          | missing   |
      | delete          | current   |

  @rule:door.<door>.<case>.never
  Scenario Outline: By <door>, an entry for an id that was never given out makes nothing unless it says so: <case>
    Given an id that was never given out
    And another one to be written beside it
    When both are written in one Bundle, it by <door>, naming <case>, the other rightly
    Then the server answers as promised
    And a refusal leaves the id unused

    Examples:
      | door            | case    |
      | batch-put       | current |
      | batch-put       | missing |
      | transaction-put | current |
      | transaction-put | missing |

  @needs:delete @rule:door.<door>.<case>.deleted
  Scenario Outline: By <door>, a write to what is deleted does not bring it back: <case>
    Given a resource on the server
    And it has been deleted
    When it is written by <door>, naming <case>
    Then the server answers as promised
    And it stays deleted unless the answer says otherwise

    Examples:
      | door       | case      |
      | update     | current   |
      | update     | malformed |
      | update     | star      |
      | json-patch | missing   |
      | json-patch | current   |
      | delete     | missing   |
      | delete     | current   |

  @needs:delete @rule:door.<door>.<case>.deleted
  Scenario Outline: By <door>, an entry for what is deleted does not bring it back unless it says so: <case>
    Given a resource on the server
    And another one to be written beside it
    And it has been deleted
    When both are written in one Bundle, it by <door>, naming <case>, the other rightly
    Then the server answers as promised
    And it stays deleted unless the answer says otherwise

    Examples:
      | door            | case    |
      | batch-put       | current |
      | batch-put       | missing |
      | transaction-put | current |
      | transaction-put | missing |

  @needs:delete @rule:door.update.missing.deleted
  Scenario: What is brought back after its deletion has a version it never had before
    Given a resource on the server
    And it has been deleted
    When it is brought back without naming a version
    Then the server answers as promised
    And if it is back, it holds what was sent, under a version it never had

  @needs:delete @rule:door.<door>.<case>.revived
  Scenario Outline: By <door>, a version from before the deletion stays superseded: <case>
    Given a resource on the server
    And it has been deleted
    And it has been brought back
    When it is written by <door>, naming <case>
    Then the server answers as promised
    And what was asked of it is done or not, as the answer says

    Examples:
      | door       | case    |
      | update     | current |
      | update     | stale   |
      | json-patch | stale   |
      | delete     | stale   |
