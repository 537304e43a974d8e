@needs:update
Feature: A client can say how much it wants to hear back
  What comes back after an update is the server's choice until the client states a preference.

  Background:
    Given a resource on the server

  @spec:PRF-01 @spec:PRF-02
  @rule:update.prefer.default
  Scenario: Without a preference an update is answered in the system's usual way
    When it is updated from its current version, preferring nothing
    Then the server answers as promised

  @spec:PRF-01
  @rule:update.prefer.minimal
  Scenario: A client that prefers a minimal answer gets no body
    When it is updated from its current version, preferring "return=minimal"
    Then the server answers as promised
    And the resource holds what was sent

  @spec:HDR-07 @spec:PRF-01
  @rule:update.prefer.representation
  Scenario: A client that prefers the representation gets the updated resource
    When it is updated from its current version, preferring "return=representation"
    Then the server answers as promised
    And a resource in the answer is the one that was stored
    And the resource holds what was sent

  @spec:ERR-02 @spec:PRF-01
  @rule:update.prefer.operation-outcome
  Scenario: A client that prefers an OperationOutcome gets one
    When it is updated from its current version, preferring "return=OperationOutcome"
    Then the server answers as promised
    And the resource holds what was sent

  @spec:PRF-03 @spec:PRF-04
  @rule:update.prefer.<preference>
  Scenario Outline: A preference that the server does not know is no mistake: <preference>
    When it is updated with the preference <preference>
    Then the server answers as promised
    And the resource holds what was sent

    Examples:
      | preference |
      | unknown |
      | unknown-value |
      | other-case |

  @spec:PRF-01
  @needs:versions @rule:update.prefer.minimal-headers
  Scenario: An update with a minimal answer still tells the new version
    When it is updated from its current version, preferring "return=minimal"
    Then the answer's headers are as promised
