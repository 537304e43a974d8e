Feature: What was once written can be found again
  The record of a patient is also the record of who wrote what. Every accepted write is one version, a refused one is
  none, and what a version says never changes.

  @spec:HIS-07 @spec:VREAD-01
  @needs:vread @rule:vread.at-once
  Scenario: Each version can be read as soon as it is written
    Given a resource that is written to by every door
    Then each version could be read at once, as it was

  @spec:VREAD-02
  @needs:vread @rule:vread.later
  Scenario: Each version stays as it was, whatever was written since
    Given a resource that is written to by every door
    Then each version can still be read, as it was

  @spec:DEL-05 @spec:VREAD-02
  @needs:vread @needs:delete @rule:vread.after-delete
  Scenario: The versions of what is deleted stay as they were
    Given a resource that is written to by every door
    And it has been deleted
    Then each version can still be read, as it was

  @spec:VREAD-05
  @needs:vread @rule:vread.unknown-version
  Scenario: A version that never was is not found
    Given a resource on the server
    When a version of it is read that never was
    Then the server answers as promised

  @spec:HIS-01 @spec:HIS-02 @spec:HIS-04
  @needs:history-instance @rule:history.each-write-once
  Scenario: The history lists every accepted write once, in the order of writing, and no refused one
    Given a resource that is written to by every door
    Then its history lists each version once, the oldest last

  @spec:DEL-05 @spec:HIS-03
  @needs:history-instance @needs:delete @rule:history.deletion
  Scenario: The history lists a deletion, and keeps what was before
    Given a resource that is written to by every door
    And it has been deleted
    Then its history lists the deletion before each of its versions

  @spec:DEL-03
  @needs:history-instance @needs:delete @rule:history.deleted-twice
  Scenario: A second deletion is no event of its own
    Given a resource on the server
    And it has been deleted
    When it is written by delete, naming missing
    Then its history lists one deletion

  @spec:DEL-05 @spec:HIS-03
  @needs:history-instance @needs:delete @rule:history.deleted-again
  Scenario: The history lists both deletions of what was deleted, brought back and deleted again
    Given a resource on the server
    And it has been deleted
    And it has been brought back
    When it is written by delete, naming current
    Then the server answers as promised
    And its history lists two deletions

  @spec:VREAD-06
  @needs:vread @needs:versions @rule:vread.written.<method>
  Scenario Outline: A version cannot be written to: <method>
    Given a resource on the server
    And someone else has updated it since it was read
    When the version that was read is written to by <method>
    Then the server answers as promised
    And the resource is as the other writer left it

    Examples:
      | method |
      | PUT |
      | PATCH |
      | DELETE |

  @spec:VREAD-03
  @needs:vread @needs:delete @rule:vread.deletion
  Scenario: The version that a deletion made shows nothing
    Given a resource on the server
    When it is deleted, and the version of the deletion is read
    Then the server answers as promised

  @spec:CRE-07 @spec:HIS-06
  @needs:history-instance @rule:history.methods
  Scenario: The history tells a create from what changed the resource later
    Given a resource that is written to by every door
    Then its history says of each version how it was written

  @spec:HIS-09
  @needs:history-instance @rule:history.since
  Scenario: The history since a time lists what was written at that time or later, and nothing else
    Given a resource on the server
    And someone else has updated it since it was read
    Then its history since the last update lists that update
    And its history since a day later lists nothing

  @spec:HIS-11
  @needs:history-instance @rule:history.count
  Scenario: The history page by page is the history
    Given a resource that is written to by every door
    Then its history in pages of one lists each version once

  @spec:HIS-14
  @needs:history-instance @rule:history.total
  Scenario: The total of a history is the number of its entries
    Given a resource that is written to by every door
    Then the total of its history counts each version

  @spec:HIS-12
  @needs:history-instance @rule:history.unknown-id
  Scenario: What never was has no history
    When the history of an id is read that was never given out
    Then the server answers as promised
