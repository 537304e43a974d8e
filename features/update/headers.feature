@needs:update
Feature: The answer to an update says what became of the resource
  The headers of the answer are all a client needs to go on from here, without reading the resource again.

  Background:
    Given a resource on the server
    When it is updated from its current version
    Then the update is accepted

  @spec:HDR-04 @spec:META-13
  @needs:versions @rule:update.headers.etag
  Scenario: An update carries the new version as a weak ETag
    Then the answer's headers are as promised

  @spec:HDR-04
  @rule:update.headers.last-modified
  Scenario: An update tells when it was done, as an HTTP date
    Then the answer's headers are as promised

  @spec:HDR-05
  @rule:update.headers.location
  Scenario: The Location of an update is as the system promises
    Then the answer's headers are as promised
    And a Location, if there is one, names the resource

  @rule:update.headers.date
  Scenario: An update carries the Date of its answer
    Then the answer's headers are as promised
