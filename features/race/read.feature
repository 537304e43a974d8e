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

  @spec:HIS-02 @spec:HIS-07 @spec:HTTP-05 @spec:VREAD-02
  @needs:history-instance @needs:versions @rule:race.history.during-update
  Scenario: The history read during updates only ever grows
    When several writers update a resource while others read its history
    Then every accepted write is kept
    And the history only ever grows
