@unless:transaction
Feature: A server that takes no transactions carries out none
  Whoever sends a transaction counts on all or nothing. A server that does not take it must not do a part of it.

  @spec:TX-16
  @needs:versions @rule:transaction.unsupported
  Scenario: A transaction is refused by a server that takes none, and nothing of it is done
    Given a resource on the server
    And another one to be written beside it
    When a transaction updates both
    Then the server answers as promised
    And a refused transaction has changed neither
