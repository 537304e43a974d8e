@needs:batch @needs:versions
Feature: A batch is answered entry by entry
  What is sent in one parcel is judged piece by piece. Whoever sent it finds out of each piece what became of it, by its
  place.

  @spec:BAT-01 @spec:BAT-02 @spec:BAT-06
  @rule:batch.answers
  Scenario: The answers stand in the order of the entries, the refused one among them
    Given a resource on the server
    And another one to be written beside it
    When a batch updates it from a version that never existed, then the other one, then it from its current version
    Then the server answers as promised
    And the first entry alone is refused, and both are updated
