@needs:update @needs:versions
Feature: However many save at once, no save is lost
  Several writers have read the same version. All of them save at the same moment. One of them is first; the others must
  be told, and nothing that was accepted may disappear.

  @spec:CON-04 @spec:HIS-02 @spec:HIS-04 @spec:HIS-07 @spec:HTTP-05 @spec:META-02 @spec:META-09 @spec:UPD-14
  @rule:race.update.same-version
  Scenario: Of several updates from one version, exactly one is accepted
    When several writers update a resource from the same version, at once
    Then exactly one of them is accepted each time
    And the others are refused as promised
    And every accepted write is kept

  @spec:CON-16 @spec:CON-18 @spec:CON-28 @spec:HIS-02 @spec:HIS-04 @spec:HIS-07 @spec:HTTP-05 @spec:META-02
  @spec:META-09 @spec:UPD-14
  @rule:race.update.interleaved
  Scenario: However reads and updates interleave, the story that the server tells can be true
    When several writers read and update a resource in any order, some of it at once
    Then every accepted write is kept

  @spec:CON-08 @spec:CON-31 @spec:HIS-02 @spec:HIS-04 @spec:HIS-07 @spec:HTTP-05 @spec:META-02 @spec:META-09
  @spec:UPD-14
  @rule:race.update.no-precondition
  Scenario: Updates that name no version each make a version of their own
    When several writers update a resource without naming a version, at once
    Then every accepted write is kept
    And the last version is what a read shows

  @spec:CON-05 @spec:HIS-02 @spec:HIS-04 @spec:HIS-07 @spec:HTTP-05 @spec:META-02 @spec:META-09 @spec:UPD-14
  @rule:race.update.read-modify-write
  Scenario: Writers who each add something and try again until they succeed all find it there in the end
    When several writers each add an element of their own, reading again and retrying until they are accepted
    Then every element is there
    And every writer came through
    And every accepted write is kept

  @spec:HIS-07 @spec:HTTP-05
  @needs:conditional-update @rule:race.conditional-update.one
  Scenario: An update by an identifier races an update from the version that was read
    When one writer updates a resource by its identifier and another from the version that was read, at once
    Then every accepted write is kept

  @spec:HIS-02 @spec:HIS-04 @spec:HIS-07 @spec:HTTP-05 @spec:META-02 @spec:META-09 @spec:UPD-14
  @rule:race.update.never-wedged
  Scenario: After a race the resource can still be updated
    When several writers update a resource from the same version, at once
    Then an ordinary update afterwards is accepted

  @spec:CON-08 @spec:HIS-02 @spec:HIS-04 @spec:HIS-07 @spec:HTTP-05 @spec:META-02 @spec:META-09 @spec:UPD-14
  @rule:race.update.no-server-error
  Scenario: Who comes too late is told so, not that the server failed
    When several writers update a resource from the same version, at once
    Then nobody is answered with a server error

  @spec:DEL-05 @spec:DEL-07 @spec:HIS-02 @spec:HIS-04 @spec:HIS-07 @spec:HTTP-05 @spec:META-02 @spec:META-09
  @spec:UPD-12 @spec:UPD-14
  @needs:delete @rule:race.update.revival
  Scenario: Several writers bring back a deleted resource
    When several writers update a deleted resource without naming a version, at once
    Then every accepted write is kept
    And an ordinary update afterwards is accepted

  @spec:CON-24 @spec:HIS-02 @spec:HIS-04 @spec:HIS-07 @spec:HTTP-01 @spec:HTTP-05 @spec:META-02 @spec:META-09
  @spec:UPD-14
  @rule:race.update.abandoned-and-retried
  Scenario: An update that was given up and sent again is applied at most once
    When a writer gives up waiting and sends the same update again from the same version
    Then every accepted write is kept

  @spec:HIS-02 @spec:HIS-04 @spec:HIS-07 @spec:HTTP-05 @spec:META-02 @spec:META-09 @spec:UPD-14
  @rule:race.update.aborted-upload
  Scenario: Half an update is never stored
    When a writer breaks off in the middle of sending an update
    Then every accepted write is kept
    And the resource is readable and whole

  @spec:HIS-02 @spec:HIS-04 @spec:HIS-07 @spec:HTTP-05 @spec:META-02 @spec:META-09 @spec:UPD-14
  @rule:race.update.slow-writer
  Scenario: A writer who takes long to send is judged by the version that is current when the update is done
    When a writer sends all but the last byte, another updates the resource, and then the last byte follows
    Then every accepted write is kept
