@needs:update
Feature: Every update makes a version of its own
  A version is a name for one state of a resource. It changes with every update and is never given twice.

  Background:
    Given a resource on the server

  @needs:versions @rule:update.version.changes
  Scenario: An update makes a new version
    When it is updated from its current version
    Then the update is accepted
    And the resource has a new version

  @needs:versions @rule:update.version.never-reused
  Scenario: No version is ever used twice
    When it is updated five times
    Then all its versions are different

  @needs:versions @rule:update.etag-equals-version
  Scenario: The ETag of an update is the version that a read then shows
    When it is updated from its current version
    Then the update is accepted
    And the answer's ETag is the version that a read shows
