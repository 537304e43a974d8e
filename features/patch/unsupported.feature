@unless:patch
Feature: A server that does not patch says so
  An interaction that a server does not have is refused. It is never carried out in part, or taken for another one.

  @spec:CAP-05
  @rule:patch.unsupported
  Scenario: A patch is refused by a server that does not patch
    Given a resource on the server
    When it is patched from its current version
    Then the server answers as promised
    And the resource is as the answer says
