@needs:update @needs:read
Feature: Who reads while others write sees one version, whole
  A reader may be a moment too early or too late. A reader never sees half of one save and half of another, nor time running
  backwards.

  @spec:HIS-07 @spec:HTTP-05 @spec:UPD-07 @spec:VREAD-02
  @needs:versions @rule:race.read.during-update
  Scenario: A read during updates shows one version as its writer sent it, and never goes back
    When several writers update a resource while others read it
    Then every read shows a version as it was written
    And every accepted write is kept

  @spec:HIS-07 @spec:HTTP-05 @spec:PAT-03 @spec:VREAD-02
  @needs:patch @needs:versions @rule:race.read.during-patch
  Scenario: A read during patches shows no half of one
    When several writers patch a resource while others read it
    Then every read shows a version as it was written
    And every accepted write is kept

  @spec:HIS-07 @spec:HTTP-05 @spec:TX-13 @spec:VREAD-02
  @needs:history-instance @needs:transaction @needs:versions @rule:race.read.during-transaction
  Scenario: A read during transactions shows nothing of one that is undone
    When several writers update two resources in transactions while others read them
    Then every read shows a version as it was written
    And each transaction is there whole or not at all

  @spec:HTTP-05 @spec:TX-13 @spec:VREAD-02
  @needs:history-instance @needs:transaction @needs:versions @rule:race.read.during-refused-transaction
  Scenario: A read during transactions that are refused shows nothing of them
    When transactions that update two resources are refused for the second while others read the first
    Then every read shows a version as it was written
    And each transaction is there whole or not at all

  @spec:HIS-07 @spec:HTTP-05 @spec:TX-13
  @needs:history-instance @needs:search-type @needs:transaction @needs:versions @rule:race.search.during-transaction
  Scenario: A search during transactions shows each of them whole or not at all
    When several writers update two resources in transactions while others search for both
    Then each transaction is seen whole or not at all
    And every accepted write is kept

  @spec:HIS-02 @spec:HIS-07 @spec:HTTP-05 @spec:VREAD-02
  @needs:history-instance @needs:versions @rule:race.history.during-update
  Scenario: The history read during updates only ever grows
    When several writers update a resource while others read its history
    Then every accepted write is kept
    And the history only ever grows
