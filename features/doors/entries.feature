@needs:versions
Feature: Every entry of a Bundle asks for the version it replaces
  What is sent in a Bundle is held to what holds for it alone. In a batch each entry stands for itself; in a transaction
  one that is refused takes all others with it.

  Background:
    Given a resource that someone else has updated since it was read
    And another one to be written beside it

  @rule:door.<door>.<case>.exists
  Scenario Outline: By <door>, each entry of a batch stands for itself: <case>
    When both are written in one Bundle, it by <door>, naming <case>, the other rightly
    Then the server answers as promised
    And what was asked of it is done or not, as the answer says
    And the other one is updated, whatever became of it

    Examples:
      | door             | case          |
      | batch-put        | current       |
      | batch-put        | stale         |
      | batch-put        | never-existed |
      | batch-put        | malformed     |
      | batch-put        | strong-stale  |
      | batch-put        | bare-stale    |
      | batch-put        | list          |
      | batch-put        | list-stale    |
      | batch-put        | missing       |
      | batch-patch      | current       |
      | batch-patch      | stale         |
      | batch-patch      | missing       |
      | batch-json-patch | current       |
      | batch-json-patch | stale         |
      | batch-json-patch | missing       |
      | batch-delete     | current       |
      | batch-delete     | stale         |
      | batch-delete     | missing       |

  @rule:door.<door>.<case>.exists
  Scenario Outline: By <door>, a transaction is done as a whole or not at all: <case>
    When both are written in one Bundle, it by <door>, naming <case>, the other rightly
    Then the server answers as promised
    And what was asked of it is done or not, as the answer says
    And the other one is updated with it, or not at all

    Examples:
      | door                   | case          |
      | transaction-put        | current       |
      | transaction-put        | stale         |
      | transaction-put        | never-existed |
      | transaction-put        | malformed     |
      | transaction-put        | strong-stale  |
      | transaction-put        | bare-stale    |
      | transaction-put        | list          |
      | transaction-put        | list-stale    |
      | transaction-put        | missing       |
      | transaction-patch      | current       |
      | transaction-patch      | stale         |
      | transaction-patch      | missing       |
      | transaction-json-patch | current       |
      | transaction-json-patch | stale         |
      | transaction-json-patch | missing       |
      | transaction-delete     | current       |
      | transaction-delete     | stale         |
      | transaction-delete     | missing       |
