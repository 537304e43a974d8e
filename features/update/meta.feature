@needs:update
Feature: The server keeps the metadata, not the client
  Versions and times are the server's word on what happened. A client that could set them could rewrite the story.

  Background:
    Given a resource on the server

  @spec:META-06
  @rule:update.meta.version-id.overwritten
  Scenario: A versionId that the client puts into an update is overwritten
    When it is updated with a versionId of the client's
    Then the update is accepted
    And the resource has a versionId of the server's

  @spec:META-06
  @rule:update.meta.last-updated.overwritten
  Scenario: A lastUpdated that the client puts into an update is overwritten
    When it is updated with a lastUpdated of the client's
    Then the update is accepted
    And the resource has a lastUpdated of the server's

  @spec:META-08 @spec:META-09 @spec:META-10
  @rule:update.meta.last-updated.advances
  Scenario: An update moves lastUpdated forward
    When it is updated a moment after it was created
    Then the update is accepted
    And its lastUpdated is later than before

  @spec:META-17
  @rule:update.meta.profile-and-tags-kept
  Scenario: The profiles and tags that an update sends are kept
    When it is updated with a tag and a profile
    Then the update is accepted
    And the resource has that tag and that profile
