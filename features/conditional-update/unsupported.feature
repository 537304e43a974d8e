@unless:conditional-update
Feature: A server that does not know conditional updates makes nothing of them
  Whoever updates by what is known of a resource counts on the server to find it. One that overlooks the criteria would make
  a second one.

  @spec:CU-07
  @rule:conditional-update.unsupported
  Scenario: An update by criteria is refused by a server that knows none
    When an update is sent by criteria that match nothing
    Then the server answers as promised
    And a refusal has created nothing
