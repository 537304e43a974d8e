@needs:update @needs:delete
Feature: A delete and an update at the same moment end in one of two stories
  Either it was deleted and the update came too late, or it was updated and then deleted. There is no third.

  @spec:CON-16 @spec:CON-18 @spec:CON-28 @spec:DEL-05 @spec:DEL-08 @spec:HIS-03 @spec:HIS-07 @spec:HTTP-05
  @needs:versions @rule:race.delete-vs-update
  Scenario: A delete races an update
    When a writer deletes a resource while another updates it from the version that was read
    Then every accepted write is kept

  @spec:CON-16 @spec:CON-28 @spec:DEL-05 @spec:DEL-08 @spec:HIS-03 @spec:HIS-07 @spec:HTTP-05
  @needs:versions @rule:race.delete-vs-update.named
  Scenario: A delete that names a version races an update from that version
    Given a delete from a superseded version is refused
    When one writer deletes a resource and another updates it, both from the version that was read, at once
    Then exactly one of them is accepted each time
    And every accepted write is kept

  @spec:CD-02 @spec:CON-16 @spec:DEL-08 @spec:HIS-07 @spec:HTTP-05
  @needs:conditional-delete @needs:versions @rule:race.conditional-delete-vs-update
  Scenario: A delete by an identifier races an update
    When a writer deletes a resource by its identifier while another updates it from the version that was read
    Then every accepted write is kept

  @spec:DEL-02 @spec:DEL-03 @spec:HIS-07 @spec:HTTP-05
  @rule:race.delete-vs-delete
  Scenario: Several deletes of one resource
    When several writers delete a resource, at once
    Then nobody is answered with a server error
    And the resource is gone
