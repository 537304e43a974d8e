@needs:read
Feature: A read shows the current version, and says which one it is
  Whoever is going to change a resource reads it first. What the server says of the version then is what the
  later update is checked against.

  Background:
    Given a resource on the server

  @rule:read.existing
  Scenario: A resource that exists can be read
    When it is read
    Then the server answers as promised
    And the answer holds what was created

  @spec:HDR-01 @spec:META-13
  @needs:versions @rule:read.headers.etag
  Scenario: A read carries the version as a weak ETag
    When it is read
    Then the answer's headers are as promised

  @spec:META-12
  @needs:versions @rule:read.etag-equals-version
  Scenario: The ETag of a read names the version in its body
    When it is read
    Then the answer's ETag names the version in its body

  @spec:HDR-01
  @rule:read.headers.last-modified
  Scenario: A read tells when the resource was last changed, as an HTTP date
    When it is read
    Then the answer's headers are as promised

  @spec:META-11
  @rule:read.last-modified-equals-last-updated
  Scenario: The Last-Modified of a read is the lastUpdated in its body, to the second
    When it is read
    Then the answer's Last-Modified is the lastUpdated in its body

  @spec:CREAD-01
  @needs:versions @rule:read.if-none-match.current
  Scenario: A reader who has the current version is told that nothing changed
    When it is read by someone who has the current version
    Then the server answers as promised

  @spec:CREAD-02
  @needs:versions @rule:read.if-none-match.superseded
  Scenario: A reader who has a superseded version is given the new one
    Given someone else has updated it since it was read
    When it is read by someone who has the version that was read
    Then the server answers as promised
    And the answer holds what the other writer wrote

  @needs:vread @needs:update @needs:versions @rule:read.version.as-written
  Scenario: Each of a dozen versions can be read as it was written
    Given it has been updated a dozen times
    When each version that it had before is read
    Then each version shows what was written then

  @spec:ERR-03 @spec:READ-01
  @rule:read.unknown-id
  Scenario: An id that was never given out is not found
    When an id that was never given out is read
    Then the server answers as promised

  @rule:read.unknown-type
  Scenario: A read of a resource type that does not exist is refused
    When a resource type that does not exist is read
    Then the server answers as promised

  @spec:DEL-01 @spec:DEL-02 @spec:DEL-09 @spec:READ-01
  @needs:delete @rule:read.deleted
  Scenario: A deleted resource is gone
    Given it has been deleted
    When it is read
    Then the server answers as promised

  @needs:credentials @rule:read.unauthenticated
  Scenario: A read without credentials is refused
    When it is read without credentials
    Then the server answers as promised
    And a refusal gives nothing of the resource away

  @spec:CREAD-01 @spec:CREAD-03 @spec:CREAD-05
  @needs:versions @rule:read.condition.<condition>
  Scenario Outline: A reader who has the current version is told so, or given it again: <condition>
    When it is read on the condition <condition>
    Then the server answers as promised

    Examples:
      | condition |
      | strong-tag |
      | list |
      | star |
      | date |

  @spec:CREAD-02 @spec:CREAD-03 @spec:CREAD-04 @spec:CREAD-05
  @needs:versions @rule:read.condition.<condition>
  Scenario Outline: A reader who has not shown to have the current version is given it: <condition>
    Given someone else has updated it since it was read
    When it is read on the condition <condition>
    Then the server answers as promised
    And the answer holds what the other writer wrote

    Examples:
      | condition |
      | superseded-list |
      | superseded-tag-and-date |
      | earlier-date |
      | no-date |

  @spec:CREAD-07
  @needs:delete @needs:versions @rule:read.condition.deleted.<condition>
  Scenario Outline: No condition hides that a resource is gone: <condition>
    Given it has been deleted
    When it is read on the condition <condition>
    Then the server answers as promised

    Examples:
      | condition |
      | tag |
      | star |

  @spec:CREAD-06
  @needs:versions @rule:read.not-modified
  Scenario: An answer that nothing changed has no body, and names the version
    When it is read by someone who has the current version
    Then the answer that nothing changed is as promised

  @spec:HEAD-01
  @rule:read.head
  Scenario: Who asks for the head of a resource gets the headers of a read
    When its head is read
    Then the server answers as promised
    And the head names the version that a read shows

  @spec:READ-02 @spec:CON-16
  @needs:delete @needs:versions @rule:read.deleted.etag
  Scenario: The ETag of what is gone is not that of its last version
    Given it has been deleted
    When it is read
    Then an ETag of what is gone is a new one

  @spec:HTTP-06 @spec:META-21
  @rule:read.other-case
  Scenario: An id in other letters, large for small, is another id
    When its id is read with large letters for small ones
    Then the server answers as promised
