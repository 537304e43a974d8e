@needs:statement
Feature: A server says whether it can be written to
  A client reads the capability statement before it relies on a server.

  @rule:capability.update
  Scenario: A server accepts updates just if its capability statement claims them
    Given a resource on the server
    When it is updated from its current version
    Then an accepted update is one that the capability statement claims
    And a refused update is one that it does not claim
