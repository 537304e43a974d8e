@needs:transaction
Feature: A transaction is done as a whole, or not at all
  A prescription and the note that explains it belong together. When the server cannot take one of them, it must not
  keep the other: not what came before the flaw in the Bundle, and not what came after it.

  @spec:TX-01 @spec:TX-11
  @needs:versions @rule:transaction.atomic.<flaw>
  Scenario Outline: A transaction with a flawed entry leaves nothing behind: <flaw>
    Given a resource on the server
    And another one to be written beside it
    When a transaction creates one resource, updates both, and has this flaw: <flaw>
    Then the server answers as promised
    And a refused transaction leaves nothing behind

    Examples:
      | flaw         |
      | precondition |
      | content      |
      | reference    |

  @spec:BAT-05 @spec:TX-07
  @needs:conditional-create @rule:transaction.if-none-exist.<matches>
  Scenario Outline: In a transaction, a create on the condition that nothing matches leaves alone what is there: <matches>
    Given resources of ours that match a criterion: <matches>
    When a transaction creates a resource on the condition that nothing matches it
    Then the server answers as promised
    And what was there is as it was, and nothing was made beside it but what the answer says

    Examples:
      | matches |
      | none    |
      | one     |
      | many    |
