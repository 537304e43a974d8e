Feature: What may exist once is made once
  Two receptions register the same newcomer. The condition says that there must be only one.

  @spec:CC-01 @spec:CC-02 @spec:CC-06 @spec:HIS-07 @spec:HTTP-05
  @needs:conditional-create @rule:race.create.conditional
  Scenario: Several conditional creates of one identifier make one resource
    When several writers create a resource on the condition that its identifier is new, at once
    Then one resource was made

  @spec:CU-10 @spec:HIS-07 @spec:HTTP-05
  @needs:conditional-update @rule:race.conditional-update.none
  Scenario: Several conditional updates of one new identifier make one resource
    When several writers update by an identifier that nothing has yet, at once
    Then one resource was made

  @spec:HDR-06 @spec:HIS-07 @spec:HTTP-05
  @needs:update-create @needs:versions @rule:race.update-as-create
  Scenario: Of several updates of an id that was never given out, one creates it
    When several writers update an id that was never given out, at once
    Then exactly one of them creates it each time
    And every accepted write is kept

  @spec:HIS-07 @spec:HTTP-05 @spec:INM-01 @spec:INM-03
  @needs:update-create @needs:versions @rule:race.update-as-create.if-none-match
  Scenario: Of several updates that ask for nothing to be there, one is accepted
    When several writers update an id that was never given out, asking that nothing be there, at once
    Then exactly one of them is accepted each time
    And the others are refused as promised
    And every accepted write is kept
