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

  @spec:BAT-01 @spec:BAT-05 @spec:CON-20 @spec:HIS-07 @spec:HTTP-05
  @needs:batch @needs:versions @rule:race.batch.same-version
  Scenario: Of several batches from one version, exactly one is accepted
    When several writers update a resource in batches from the same version, at once
    Then exactly one of them is accepted each time
    And the others are refused as promised
    And every accepted write is kept
