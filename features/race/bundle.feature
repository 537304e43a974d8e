@needs:update
Feature: The same version is guarded at every door
  An update may come alone, in a batch or in a transaction. Whichever way it comes, it names the version that it replaces.

  @spec:CON-28 @spec:HIS-07 @spec:HTTP-05 @spec:TX-06
  @needs:transaction @needs:versions @rule:race.transaction-vs-update
  Scenario: A transaction races an update from the same version
    When one writer updates a resource in a transaction and another by itself, from the same version, at once
    Then exactly one of them is accepted each time
    And every accepted write is kept

  @spec:HIS-07 @spec:HTTP-05
  @needs:batch @needs:versions @rule:race.batch-vs-update
  Scenario: A batch races an update from the same version
    When one writer updates a resource in a batch and another by itself, from the same version, at once
    Then exactly one of them is accepted each time
    And every accepted write is kept

  @spec:CON-20 @spec:HIS-07 @spec:HTTP-05 @spec:META-01 @spec:TX-06 @spec:TX-09 @spec:TX-14
  @needs:transaction @needs:versions @rule:race.transaction.same-version
  Scenario: Of several transactions from one version, exactly one is accepted
    When several writers update a resource in transactions from the same version, at once
    Then exactly one of them is accepted each time
    And every accepted write is kept

  @spec:HIS-07 @spec:HTTP-05 @spec:TX-01 @spec:TX-06 @spec:TX-14
  @needs:history-instance @needs:transaction @needs:versions @rule:race.transaction.opposite-order
  Scenario: Of several transactions on two resources in opposite orders, one is accepted, and whole
    When several writers update two resources in transactions, every second one in the opposite order, from the same versions, at once
    Then exactly one of them is accepted each time
    And each transaction is there whole or not at all
    And every accepted write is kept

  @spec:HIS-07 @spec:HTTP-05 @spec:TX-01
  @needs:history-instance @needs:transaction @needs:versions @rule:race.transaction.no-precondition
  Scenario: Transactions that name no versions take effect one after the other
    When several writers update two resources in transactions, every second one in the opposite order, without naming versions, at once
    Then each transaction is there whole or not at all
    And both resources had the transactions in one order
    And every accepted write is kept

  @spec:HIS-07 @spec:HTTP-05 @spec:TX-01 @spec:TX-06 @spec:TX-14
  @needs:history-instance @needs:transaction @needs:versions @rule:race.transaction.half-stale
  Scenario: A transaction that comes too late for one resource leaves the other alone
    When one writer updates two resources in a transaction and another one of them by itself, from the same versions, at once
    Then exactly one of them is accepted each time
    And each transaction is there whole or not at all
    And every accepted write is kept

  @spec:BAT-02 @spec:BAT-05 @spec:HIS-07 @spec:HTTP-05
  @needs:batch @needs:versions @rule:race.batch.half-stale
  Scenario: A batch that comes too late for one resource overwrites nothing
    When one writer updates two resources in a batch and another one of them by itself, from the same versions, at once
    Then exactly one of them is accepted each time
    And every accepted write is kept

  @spec:BAT-01 @spec:BAT-05 @spec:CON-20 @spec:HIS-07 @spec:HTTP-05
  @needs:batch @needs:versions @rule:race.batch.same-version
  Scenario: Of several batches from one version, exactly one is accepted
    When several writers update a resource in batches from the same version, at once
    Then exactly one of them is accepted each time
    And the others are refused as promised
    And every accepted write is kept
