@needs:patch
Feature: However many patch at once, no patch is lost
  A patch is a small change, and small changes are what two people make to one record at the same time.

  @spec:CON-17 @spec:HIS-07 @spec:HTTP-05
  @needs:versions @rule:race.patch.same-version
  Scenario: Of several patches from one version, exactly one is accepted
    When several writers patch a resource from the same version, at once
    Then exactly one of them is accepted each time
    And the others are refused as promised
    And every accepted write is kept

  @spec:CON-17 @spec:HIS-07 @spec:HTTP-05
  @needs:fhirpath-patch @needs:versions @rule:race.patch.fhirpath
  Scenario: Of several FHIRPath patches from one version, exactly one is accepted
    When several writers patch a resource by FHIRPath from the same version, at once
    Then exactly one of them is accepted each time
    And the others are refused as promised
    And every accepted write is kept

  @spec:CON-17 @spec:HIS-07 @spec:HTTP-05
  @needs:xml-patch @needs:versions @rule:race.patch.xml
  Scenario: Of several XML patches from one version, exactly one is accepted
    When several writers patch a resource by XML Patch from the same version, at once
    Then exactly one of them is accepted each time
    And the others are refused as promised
    And every accepted write is kept

  @spec:CON-17 @spec:HIS-07 @spec:HTTP-05
  @needs:update @needs:versions @rule:race.patch-vs-update
  Scenario: A patch races an update from the same version
    When one writer patches a resource and another updates it, from the same version, at once
    Then exactly one of them is accepted each time
    And every accepted write is kept

  @spec:HIS-07 @spec:HTTP-05 @spec:PAT-10
  @needs:json-patch @rule:race.patch.distinct-elements
  Scenario: Patches of different elements that name no version all survive
    When several writers each patch an element of their own without naming a version, at once
    Then every element of an accepted patch is there
