@needs:transaction
Feature: A transaction is done as a whole, or not at all
  A prescription and the note that explains it belong together. When the server cannot take one of them, it must not
  keep the other: not what came before the flaw in the Bundle, and not what came after it.

  @spec:TX-01 @spec:TX-11 @spec:CAP-06
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

  @spec:TX-05
  @needs:versions @rule:transaction.one-resource-twice.<ways>
  Scenario Outline: A transaction that writes to one resource twice is refused as a whole: <ways>
    Given a resource on the server
    And another one to be written beside it
    When a transaction updates both, and writes to the first in two ways: <ways>
    Then the server answers as promised
    And a refused transaction has changed neither

    Examples:
      | ways |
      | update-and-update |
      | update-and-delete |

  @spec:TX-04
  @needs:versions @rule:transaction.order
  Scenario: What a transaction reads is read after it has written, wherever the entry stands
    Given a resource on the server
    When a transaction reads it in its first entry, and updates it in its second
    Then the server answers as promised
    And what the first entry shows is what the second wrote

  @spec:TX-09 @spec:BAT-06 @spec:HDR-07
  @needs:versions @rule:transaction.answers
  Scenario: A transaction is answered entry by entry, each with the version that was made
    Given a resource on the server
    And another one to be written beside it
    When a transaction updates both and creates one resource
    Then the server answers as promised
    And there is an answer to each entry in its place, with the version that a read shows

  @spec:TX-02 @spec:TX-03
  @needs:versions @rule:transaction.error.operation-outcome
  Scenario: A transaction that fails says why, for all of it
    Given a resource on the server
    And another one to be written beside it
    When a transaction updates it, and the other one from a version that never existed
    Then a transaction that fails is explained as promised

  @spec:TX-10
  @rule:transaction.references
  Scenario: What refers to another entry of a transaction refers to what that entry made
    When a transaction creates two resources, one of which refers to the other
    Then the server answers as promised
    And the reference names what was made

  @spec:TX-12
  @rule:transaction.empty
  Scenario: A transaction without entries is no mistake
    When a transaction without entries is sent
    Then the server answers as promised

  @spec:TX-17
  @needs:versions @rule:transaction.body-id
  Scenario: In a transaction, an update whose body has the id of another resource does not touch that one
    Given a resource on the server
    And another one to be written beside it
    When a transaction updates it with the id of the other one in its body
    Then the server answers as promised
    And a refused transaction has changed neither

  @spec:TX-18
  @needs:versions @rule:transaction.incomplete.<flaw>
  Scenario Outline: A transaction with an incomplete entry is refused as a whole: <flaw>
    Given a resource on the server
    And another one to be written beside it
    When a transaction updates both, and one entry is incomplete: <flaw>
    Then the server answers as promised
    And a refused transaction has changed neither

    Examples:
      | flaw |
      | without-request |
      | without-resource |

  @spec:TX-08
  @needs:versions @rule:transaction.if-none-match
  Scenario: In a transaction, an update that asks for nothing to be there takes all others with it
    Given a resource on the server
    And another one to be written beside it
    When a transaction updates both, the first on the condition that nothing is there
    Then the server answers as promised
    And a refused transaction has changed neither

  @spec:PRF-06
  @needs:versions @rule:transaction.prefer.minimal
  Scenario: A client that prefers a minimal answer to its transaction gets no resources
    Given a resource on the server
    When a transaction updates it, preferring a minimal answer
    Then the server answers as promised
    And no entry shows a resource
