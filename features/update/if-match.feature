@needs:update
Feature: An update names the version it replaces
  Whoever saves over a version they have not seen destroys someone's work. So an update says in If-Match
  which version it is based on, and the server refuses it when that is no longer the current one.

  Background:
    Given a resource on the server

  @spec:CON-01 @spec:CON-09 @spec:HDR-06 @spec:META-01 @spec:UPD-01
  @needs:versions @rule:update.if-match.current
  Scenario: An update based on the current version is accepted
    When it is updated from its current version
    Then the server answers as promised
    And the resource has a new version
    And the resource holds what was sent

  @spec:CON-01 @spec:HDR-04
  @needs:versions @rule:update.if-match.own-etag
  Scenario: The ETag of an update's own answer can be used, unread, for the next update
    Given it has been updated
    When it is updated from the ETag that the last update gave
    Then the server answers as promised
    And the resource holds what was sent

  @needs:versions @rule:update.if-match.from-meta
  Scenario: The version taken from meta.versionId of a read is accepted
    When it is updated from the meta.versionId that a read shows
    Then the server answers as promised
    And the resource holds what was sent

  @needs:versions @rule:update.if-match.from-compressed
  Scenario: The ETag of a compressed read is accepted
    When it is updated from the ETag that a compressed read gives
    Then the server answers as promised
    And the resource holds what was sent

  @spec:META-14
  @needs:search-type @needs:versions @rule:update.if-match.from-search
  Scenario: The version taken from meta.versionId of a search result is accepted
    Given it has been updated
    When it is updated from the meta.versionId that a search shows
    Then the server answers as promised
    And the resource holds what was sent

  @spec:CON-06 @spec:HTTP-04
  @rule:update.if-match.missing
  Scenario: An update that names no version is answered as the system promises
    When it is updated without naming a version
    Then the server answers as promised
    And the resource is as the answer says

  @spec:CON-02 @spec:CON-03
  @needs:versions @rule:update.if-match.stale
  Scenario: An update based on a superseded version is refused
    Given someone else has updated it since it was read
    When it is updated from the version that was read
    Then the update is refused as a version conflict
    And the resource is as the other writer left it

  @needs:versions @rule:update.if-match.stale-by-two
  Scenario: An update based on a version superseded twice is refused
    Given someone else has updated it since it was read
    And someone else has updated it again
    When it is updated from the version that was read
    Then the update is refused as a version conflict
    And the resource is as the other writer left it

  @needs:versions @rule:update.if-match.stale-by-many
  Scenario: Every one of a dozen superseded versions is refused
    Given it has been updated a dozen times
    When it is updated from each version that it had before
    Then each update is refused as a version conflict
    And the resource is as it was

  @needs:versions @rule:update.if-match.stale-equal-content
  Scenario: A superseded version is refused even when the content equals what is stored
    Given someone else has updated it since it was read
    When what the other writer wrote is sent again from the version that was read
    Then the update is refused as a version conflict
    And the resource is as the other writer left it

  @spec:CON-14
  @needs:versions @rule:update.if-match.other-resource
  Scenario: The version of another resource is refused
    Given another resource whose version this one never had
    When it is updated from the version of the other resource
    Then the update is refused as a version conflict
    And the resource is as it was

  @spec:CON-14
  @needs:versions @rule:update.if-match.never-existed
  Scenario: A version that never existed is refused
    When it is updated from a version that never existed
    Then the update is refused as a version conflict
    And the resource is as it was

  @needs:versions @rule:update.if-match.id-as-version
  Scenario: The resource's id is not its version
    When it is updated from its id in place of its version
    Then the update is refused as a version conflict
    And the resource is as it was

  @spec:CON-12 @spec:CON-13
  @needs:versions @rule:update.if-match.malformed
  Scenario Outline: An If-Match that cannot be read does not let a superseded version pass
    Given someone else has updated it since it was read
    When it is updated with the If-Match <header>
    Then the server answers as promised
    And the resource is as the other writer left it

    Examples:
      | form             | header                   |
      | bare text        | not-a-version            |
      | unbalanced quote | W/"<version>             |
      | curly quotes     | W/”<version>”            |
      | empty tag        | W/""                     |
      | lower-case w     | w/"<version>"            |

  @spec:CON-12 @spec:HTTP-03
  @needs:versions @rule:update.if-match.two-lines-stale
  Scenario: Two If-Match lines that both name superseded versions are refused
    Given someone else has updated it since it was read
    When it is updated with two If-Match lines, neither naming the current version
    Then the server answers as promised
    And the resource is as the other writer left it

  @spec:CON-13
  @needs:versions @rule:update.if-match.blank
  Scenario: An update with a blank If-Match is answered as the system promises
    When it is updated with a blank If-Match
    Then the server answers as promised
    And the resource is as the answer says

  @spec:CON-11
  @needs:versions @rule:update.if-match.star
  Scenario: An update with an If-Match of * is answered as the system promises
    When it is updated with an If-Match of *
    Then the server answers as promised
    And the resource is as the answer says

  @spec:CON-10
  @needs:versions @rule:update.if-match.strong
  Scenario: An update with the current version as a strong tag is answered as the system promises
    When it is updated with the current version as a strong tag
    Then the server answers as promised
    And the resource is as the answer says

  @spec:CON-13
  @needs:versions @rule:update.if-match.bare
  Scenario: An update with the current version bare, without quotes, is answered as the system promises
    When it is updated with the current version bare
    Then the server answers as promised
    And the resource is as the answer says

  @if-promised @rule:update.without-if-match
  Scenario: An update that names no version replaces whatever is there
    Given someone else has updated it since it was read
    When it is updated without naming a version
    Then the server answers as promised
    And the resource has a new version
    And the resource holds what was sent

  @spec:CON-21
  @needs:versions @rule:update.if-match.stale-and.<flaw>
  Scenario Outline: A superseded version is refused whatever else is wrong with the update: <flaw>
    Given someone else has updated it since it was read
    When it is updated from the version that was read, with this flaw: <flaw>
    Then the server answers as promised
    And the resource is as the other writer left it

    Examples:
      | flaw |
      | unparsable |
      | invalid-content |
      | other-id |
      | not-acceptable |
      | unsupported-format |

  @spec:CON-21 @spec:ERR-06
  @needs:credentials @needs:versions @rule:update.if-match.stale-and.unauthenticated
  Scenario: A superseded version is refused without credentials, too
    Given someone else has updated it since it was read
    When it is updated from the version that was read, with this flaw: unauthenticated
    Then the server answers as promised
    And the resource is as the other writer left it

  @spec:CON-02
  @needs:versions @rule:update.if-match.stale-as.<form>
  Scenario Outline: A superseded version is refused in whatever form the update is sent: <form>
    Given someone else has updated it since it was read
    When it is updated from the version that was read, in this form: <form>
    Then the update is refused as a version conflict
    And the resource is as the other writer left it

    Examples:
      | form                     |
      | prefer-minimal           |
      | prefer-representation    |
      | prefer-operation-outcome |
      | plain-json               |

  @spec:CON-22
  @needs:versions @rule:update.if-match.stale-and-new
  Scenario: A superseded version is refused though a second condition holds
    Given someone else has updated it since it was read
    When it is updated from the version that was read, unless a version is there that it never had
    Then the server answers as promised
    And the resource is as the other writer left it

  @spec:CON-22
  @needs:versions @rule:update.if-match.current-and-date
  Scenario: A date is not asked where the version is named
    When it is updated from its current version, unless it was changed since 1970
    Then the server answers as promised
    And the resource holds what was sent

  @spec:CON-26
  @needs:versions @rule:update.if-match.content-returned
  Scenario: A superseded version is refused even when the content is again what it was then
    Given it has been changed, and changed back
    When it is updated from the version that was read
    Then the update is refused as a version conflict
    And the resource is as it was

  @spec:CON-25
  @needs:versions @rule:update.if-match.inexact.<form>
  Scenario Outline: What is almost the current version is not the current version: <form>
    When it is updated from its current version in another spelling: <form>
    Then the server answers as promised
    And the resource is as the answer says

    Examples:
      | form |
      | leading-zero |
      | other-case |
