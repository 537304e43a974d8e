@needs:versions
Feature: No way of writing If-Match opens a door that another one keeps shut
  An If-Match may hold a star, a list, a strong tag, a version without quotes, or something that nobody can read. Code
  that knows one form only takes the others for no condition at all, and then the write goes through.

  @rule:door.<door>.other-forms.exists
  Scenario Outline: By <door>, no form of If-Match that misses the current version lets a write pass
    Given a resource that someone else has updated since it was read
    When it is written by <door> in each form that misses its current version
    Then the server answers each as promised
    And what each asked for is done or not, as its answer says

    Examples:
      | door               |
      | json-patch         |
      | fhirpath-patch     |
      | xml-patch          |
      | delete             |
      | conditional-update |
      | conditional-patch  |
      | conditional-delete |
      | batch-put          |
      | transaction-put    |

  @rule:door.<door>.open-forms.exists
  Scenario Outline: By <door>, a form of If-Match that FHIR does not speak of is taken or refused, and nothing between
    Given a resource that someone else has updated since it was read
    When it is written by <door> in each form that leaves it open whether it names the current version
    Then the server answers each as promised
    And what each asked for is done or not, as its answer says

    Examples:
      | door               |
      | json-patch         |
      | fhirpath-patch     |
      | xml-patch          |
      | delete             |
      | conditional-update |
      | conditional-patch  |
      | conditional-delete |
      | batch-put          |
      | transaction-put    |

  @rule:door.<door>.any-form.never
  Scenario Outline: By <door>, no form of If-Match makes what was never there
    Given an id that was never given out
    When it is written by <door> in each form, though nothing is there
    Then the server answers each as promised
    And nothing is there but what the answers say

    Examples:
      | door               |
      | update             |
      | json-patch         |
      | fhirpath-patch     |
      | xml-patch          |
      | delete             |
      | conditional-update |
      | conditional-patch  |
      | conditional-delete |
      | batch-put          |
      | transaction-put    |

  @needs:delete @rule:door.<door>.any-form.deleted
  Scenario Outline: By <door>, no form of If-Match brings back what is deleted
    Given a resource that someone else has updated since it was read
    And it has been deleted
    When it is written by <door> in each form, though it is deleted
    Then the server answers each as promised
    And nothing is there but what the answers say

    Examples:
      | door               |
      | update             |
      | json-patch         |
      | fhirpath-patch     |
      | xml-patch          |
      | delete             |
      | conditional-update |
      | conditional-patch  |
      | conditional-delete |
      | batch-put          |
      | transaction-put    |
