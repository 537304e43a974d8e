@needs:update @needs:versions
Feature: A conflict shows nothing to whoever may not read
  Whoever may not see a patient must not get to see them by a write that is refused: no content, and no version either.

  Background:
    Given a resource on the server
    And someone else has updated it since it was read

  @needs:credentials @rule:update.conflict.undisclosed.without-credentials
  Scenario: A conflict shows nothing to a writer without credentials
    Given it may not be read without credentials
    When it is updated from the version that was read, without credentials
    Then a refusal shows nothing of what is there now

  @spec:CON-30
  @needs:second-identity @rule:update.conflict.undisclosed.to-second-identity
  Scenario: A conflict shows nothing to someone who may write but not read
    Given the second identity may not read it
    When it is updated from the version that was read, by the second identity
    Then a refusal shows nothing of what is there now
