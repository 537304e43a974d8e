@needs:update
Feature: Every update makes a version of its own
  A version is a name for one state of a resource. It changes with every update and is never given twice.

  Background:
    Given a resource on the server

  @spec:META-01 @spec:META-08 @spec:META-16
  @needs:versions @rule:update.version.changes
  Scenario: An update makes a new version
    When it is updated from its current version
    Then the update is accepted
    And the resource has a new version

  @spec:META-02
  @needs:versions @rule:update.version.distinct
  Scenario: Five updates in a row make five versions, each with a name of its own
    When it is updated five times
    Then all its versions are different

  @spec:HDR-04 @spec:META-12
  @needs:versions @rule:update.etag-equals-version
  Scenario: The ETag of an update is the version that a read then shows
    When it is updated from its current version
    Then the update is accepted
    And the answer's ETag is the version that a read shows

  @spec:META-20
  @rule:update.equal-content
  Scenario: When the same content is sent again, answer, read and history agree whether there is a new version
    When what it holds is sent again from its current version
    Then the server answers as promised
    And answer, read and history agree whether there is a new version
