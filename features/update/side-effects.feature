@needs:update
Feature: What is told of a write is what became of it
  Beside the resource a server may keep who changed it and when, as audit events or as provenance. Whoever looks there
  later has to find each change that was made, and none that was refused.

  Background:
    Given a resource on the server

  @needs:audit-event @rule:<write>.audit-event.accepted
  Scenario Outline: An accepted <write> leaves an audit event of its success
    Given every audit event of its <write> is known
    When it is <written> from its current version
    Then the <write> is accepted
    And a new audit event of the <write> says that it was done

    Examples:
      | write  | written |
      | update | updated |
      | patch  | patched |
      | delete | deleted |

  @needs:audit-event @needs:versions @rule:<write>.audit-event.refused
  Scenario Outline: A refused <write> leaves no audit event of success
    Given someone else has updated it since it was read
    And an audit event says so
    And an audit event tells of the <write> of another resource
    When it is <written> from the version that was read
    Then no new audit event says that a refused <write> was done

    Examples:
      | write  | written |
      | update | updated |
      | patch  | patched |
      | delete | deleted |

  @needs:provenance @rule:<write>.provenance.accepted
  Scenario Outline: An accepted <write> leaves its provenance
    Given every provenance of its <write> is known
    When it is <written> from its current version
    Then the <write> is accepted
    And a new provenance of the <write> says that it was done

    Examples:
      | write  | written |
      | update | updated |
      | patch  | patched |
      | delete | deleted |

  @needs:provenance @needs:versions @rule:<write>.provenance.refused
  Scenario Outline: A refused <write> leaves no provenance
    Given someone else has updated it since it was read
    And a provenance says so
    And a provenance tells of the <write> of another resource
    When it is <written> from the version that was read
    Then no new provenance says that a refused <write> was done

    Examples:
      | write  | written |
      | update | updated |
      | patch  | patched |
      | delete | deleted |
