@needs:update
Feature: An update replaces the content, and the new content stays
  After an accepted update a read shows what was sent: all of it, and nothing that was left out.
  What the server adds of its own is lawful.

  Background:
    Given a resource on the server

  @spec:UPD-07
  @rule:update.persisted
  Scenario: A read after an update shows what was sent
    When it is updated from its current version
    Then the update is accepted
    And the resource holds all that was sent

  @spec:UPD-06
  @rule:update.replaces-content
  Scenario: An element that an update leaves out is gone
    When it is updated from its current version without one of its elements
    Then the update is accepted
    And the element that was left out is gone

  @spec:UPD-15
  @rule:update.repeated
  Scenario: An update that is sent a second time leaves what it left the first time
    When it is updated twice alike without naming a version
    Then the server answers as promised
    And the resource holds what was sent
