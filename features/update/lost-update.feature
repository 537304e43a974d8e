@needs:update
Feature: No save is lost without anyone being told
  Two clinicians open the same list. Both change it, both save. One of them must learn that the other was faster.

  Background:
    Given a resource on the server

  @needs:versions @rule:update.lost-update.detected
  Scenario: The second of two clinicians is told, and loses nothing by trying again
    Given clinician A reads it
    And clinician B reads it
    When clinician A saves
    Then the save of clinician A is accepted
    When clinician B saves from the version that clinician B read
    Then the update is refused as a version conflict
    And the resource is as clinician A left it
    When clinician B reads it again, merges and saves
    Then the save of clinician B is accepted
    And the resource is as clinician B left it
