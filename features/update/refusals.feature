@needs:update
Feature: An update that must not happen leaves no trace
  A refusal is only worth something if nothing happened: same content, same version, same history.

  Background:
    Given a resource on the server

  @spec:UPD-08
  @rule:update.unparsable
  Scenario: An update that cannot be parsed is refused
    When it is updated with a body that cannot be parsed
    Then the server answers as promised
    And the resource is as it was

  @spec:UPD-08 @spec:UPD-09
  @rule:update.invalid-content
  Scenario: An update that breaks the resource's rules is refused
    When it is updated with a body that breaks the rules of its type
    Then the server answers as promised
    And the resource is as the answer says

  @spec:ERR-06 @spec:UPD-08
  @needs:credentials @rule:update.unauthenticated
  Scenario: An update without credentials is refused
    When it is updated without credentials
    Then the server answers as promised
    And the resource is as the answer says

  @spec:ERR-06 @spec:UPD-08
  @needs:second-identity @rule:update.forbidden
  Scenario: An update by someone who may not write is refused
    When it is updated by someone who may not
    Then the server answers as promised
    And the resource is as the answer says

  @spec:ERR-01 @spec:UPD-11
  @rule:update.error.operation-outcome.missing
  Scenario: A refusal for naming no version is explained
    When it is updated without naming a version
    Then a refusal is explained as promised

  @spec:CON-29 @spec:ERR-01 @spec:ERR-03 @spec:UPD-11
  @needs:versions @rule:update.error.operation-outcome.stale
  Scenario: A refusal for a superseded version is explained
    Given someone else has updated it since it was read
    When it is updated from the version that was read
    Then a refusal is explained as promised

  @spec:ERR-01 @spec:UPD-11
  @rule:update.error.operation-outcome.unparsable
  Scenario: A refusal of a body that cannot be parsed is explained
    When it is updated with a body that cannot be parsed
    Then a refusal is explained as promised

  @spec:ERR-01 @spec:UPD-11
  @rule:update.error.operation-outcome.invalid-content
  Scenario: A refusal of content that breaks the rules is explained
    When it is updated with a body that breaks the rules of its type
    Then a refusal is explained as promised

  @spec:ERR-01 @spec:UPD-11
  @rule:update.error.operation-outcome.body-id
  Scenario: A refusal of another resource's id is explained
    When it is updated with an id in the body that was never given out
    Then a refusal is explained as promised

  @spec:ERR-01 @spec:UPD-11
  @rule:update.error.operation-outcome.unknown-id
  Scenario: A refusal of an id that was never given out is explained
    When an id that was never given out is updated
    Then a refusal is explained as promised

  @spec:ERR-01 @spec:UPD-11
  @rule:update.error.operation-outcome.unknown-type
  Scenario: A refusal of a type that does not exist is explained
    When a resource of a type that does not exist is updated
    Then a refusal is explained as promised

  @if-promised @rule:update.error.text-plain
  Scenario: A refusal for naming no version is a line of plain text
    When it is updated without naming a version
    Then the server answers as promised

  @spec:ERR-05
  @rule:update.not-acceptable
  Scenario: An update whose answer cannot be given as the client wants it is done or refused, and nothing between
    When it is updated by a client that accepts pictures only
    Then the server answers as promised
    And the resource is as the answer says

  @spec:ERR-05
  @rule:update.unsupported-format
  Scenario: An update in a format that is none is refused
    When it is updated in a format that is none
    Then the server answers as promised
    And the resource is as the answer says

  @spec:ERR-04
  @needs:versions @rule:update.error.prefer-minimal
  Scenario: A refusal is explained to a client that prefers a minimal answer, too
    Given someone else has updated it since it was read
    When it is updated from the version that was read, preferring "return=minimal"
    Then a refusal is explained as promised
