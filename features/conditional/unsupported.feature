@unless:conditional-create
Feature: A server that does not know conditional creates makes nothing of them
  Whoever creates on a condition counts on there being no second one. A server that overlooks the condition makes it.

  @spec:CC-05
  @needs:create @rule:conditional-create.unsupported
  Scenario: A create on a condition is refused by a server that knows no conditions
    When a resource is created on a condition that the server does not know
    Then the server answers as promised
    And a refusal has created nothing
