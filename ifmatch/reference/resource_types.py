"""The names of the resource types of each FHIR version (FHIR value set resource-types)."""

from collections.abc import Mapping

_DSTU2 = """
Account AllergyIntolerance Appointment AppointmentResponse AuditEvent Basic Binary BodySite Bundle CarePlan
Claim ClaimResponse ClinicalImpression Communication CommunicationRequest Composition ConceptMap Condition
Conformance Contract Coverage DataElement DetectedIssue Device DeviceComponent DeviceMetric DeviceUseRequest
DeviceUseStatement DiagnosticOrder DiagnosticReport DocumentManifest DocumentReference EligibilityRequest
EligibilityResponse Encounter EnrollmentRequest EnrollmentResponse EpisodeOfCare ExplanationOfBenefit
FamilyMemberHistory Flag Goal Group HealthcareService ImagingObjectSelection ImagingStudy Immunization
ImmunizationRecommendation ImplementationGuide List Location Media Medication MedicationAdministration
MedicationDispense MedicationOrder MedicationStatement MessageHeader NamingSystem NutritionOrder Observation
OperationDefinition OperationOutcome Order OrderResponse Organization Parameters Patient PaymentNotice
PaymentReconciliation Person Practitioner Procedure ProcedureRequest ProcessRequest ProcessResponse Provenance
Questionnaire QuestionnaireResponse ReferralRequest RelatedPerson RiskAssessment Schedule SearchParameter Slot
Specimen StructureDefinition Subscription Substance SupplyDelivery SupplyRequest TestScript ValueSet
VisionPrescription
"""

_STU3 = """
Account ActivityDefinition AdverseEvent AllergyIntolerance Appointment AppointmentResponse AuditEvent Basic
Binary BodySite Bundle CapabilityStatement CarePlan CareTeam ChargeItem Claim ClaimResponse ClinicalImpression
CodeSystem Communication CommunicationRequest CompartmentDefinition Composition ConceptMap Condition Consent
Contract Coverage DataElement DetectedIssue Device DeviceComponent DeviceMetric DeviceRequest
DeviceUseStatement DiagnosticReport DocumentManifest DocumentReference EligibilityRequest EligibilityResponse
Encounter Endpoint EnrollmentRequest EnrollmentResponse EpisodeOfCare ExpansionProfile ExplanationOfBenefit
FamilyMemberHistory Flag Goal GraphDefinition Group GuidanceResponse HealthcareService ImagingManifest
ImagingStudy Immunization ImmunizationRecommendation ImplementationGuide Library Linkage List Location Measure
MeasureReport Media Medication MedicationAdministration MedicationDispense MedicationRequest
MedicationStatement MessageDefinition MessageHeader NamingSystem NutritionOrder Observation
OperationDefinition OperationOutcome Organization Parameters Patient PaymentNotice PaymentReconciliation
Person PlanDefinition Practitioner PractitionerRole Procedure ProcedureRequest ProcessRequest ProcessResponse
Provenance Questionnaire QuestionnaireResponse ReferralRequest RelatedPerson RequestGroup ResearchStudy
ResearchSubject RiskAssessment Schedule SearchParameter Sequence ServiceDefinition Slot Specimen
StructureDefinition StructureMap Subscription Substance SupplyDelivery SupplyRequest Task TestReport
TestScript ValueSet VisionPrescription
"""

_R4 = """
Account ActivityDefinition AdverseEvent AllergyIntolerance Appointment AppointmentResponse AuditEvent Basic
Binary BiologicallyDerivedProduct BodyStructure Bundle CapabilityStatement CarePlan CareTeam CatalogEntry
ChargeItem ChargeItemDefinition Claim ClaimResponse ClinicalImpression CodeSystem Communication
CommunicationRequest CompartmentDefinition Composition ConceptMap Condition Consent Contract Coverage
CoverageEligibilityRequest CoverageEligibilityResponse DetectedIssue Device DeviceDefinition DeviceMetric
DeviceRequest DeviceUseStatement DiagnosticReport DocumentManifest DocumentReference EffectEvidenceSynthesis
Encounter Endpoint EnrollmentRequest EnrollmentResponse EpisodeOfCare EventDefinition Evidence
EvidenceVariable ExampleScenario ExplanationOfBenefit FamilyMemberHistory Flag Goal GraphDefinition Group
GuidanceResponse HealthcareService ImagingStudy Immunization ImmunizationEvaluation ImmunizationRecommendation
ImplementationGuide InsurancePlan Invoice Library Linkage List Location Measure MeasureReport Media Medication
MedicationAdministration MedicationDispense MedicationKnowledge MedicationRequest MedicationStatement
MedicinalProduct MedicinalProductAuthorization MedicinalProductContraindication MedicinalProductIndication
MedicinalProductIngredient MedicinalProductInteraction MedicinalProductManufactured MedicinalProductPackaged
MedicinalProductPharmaceutical MedicinalProductUndesirableEffect MessageDefinition MessageHeader
MolecularSequence NamingSystem NutritionOrder Observation ObservationDefinition OperationDefinition
OperationOutcome Organization OrganizationAffiliation Parameters Patient PaymentNotice PaymentReconciliation
Person PlanDefinition Practitioner PractitionerRole Procedure Provenance Questionnaire QuestionnaireResponse
RelatedPerson RequestGroup ResearchDefinition ResearchElementDefinition ResearchStudy ResearchSubject
RiskAssessment RiskEvidenceSynthesis Schedule SearchParameter ServiceRequest Slot Specimen SpecimenDefinition
StructureDefinition StructureMap Subscription Substance SubstanceNucleicAcid SubstancePolymer SubstanceProtein
SubstanceReferenceInformation SubstanceSourceMaterial SubstanceSpecification SupplyDelivery SupplyRequest Task
TerminologyCapabilities TestReport TestScript ValueSet VerificationResult VisionPrescription
"""

_NEW_IN_R4B = """
AdministrableProductDefinition Citation ClinicalUseDefinition EvidenceReport Ingredient
ManufacturedItemDefinition MedicinalProductDefinition NutritionProduct PackagedProductDefinition
RegulatedAuthorization SubscriptionStatus SubscriptionTopic SubstanceDefinition
"""

_NEW_IN_R5 = """
ActorDefinition ArtifactAssessment BiologicallyDerivedProductDispense ConditionDefinition DeviceAssociation
DeviceDispense DeviceUsage EncounterHistory FormularyItem GenomicStudy ImagingSelection InventoryItem
InventoryReport NutritionIntake Permission RequestOrchestration Requirements TestPlan Transport
"""

_GONE_IN_R4B = """
EffectEvidenceSynthesis MedicinalProduct MedicinalProductAuthorization MedicinalProductContraindication
MedicinalProductIndication MedicinalProductIngredient MedicinalProductInteraction MedicinalProductManufactured
MedicinalProductPackaged MedicinalProductPharmaceutical MedicinalProductUndesirableEffect
RiskEvidenceSynthesis SubstanceSpecification
"""

_GONE_IN_R5 = (
    "CatalogEntry DeviceUseStatement DocumentManifest Media "
    "RequestGroup ResearchDefinition ResearchElementDefinition"
)

_R4B_TYPES = (frozenset(_R4.split()) - frozenset(_GONE_IN_R4B.split())) | frozenset(
    _NEW_IN_R4B.split()
)

_R5_TYPES = (_R4B_TYPES - frozenset(_GONE_IN_R5.split())) | frozenset(_NEW_IN_R5.split())

#: The types that a server of each FHIR version knows; anything else is an unknown type. Those of R6 are not settled.
RESOURCE_TYPES: Mapping[str, frozenset[str]] = {
    "DSTU2": frozenset(_DSTU2.split()),
    "STU3": frozenset(_STU3.split()),
    "R4": frozenset(_R4.split()),
    "R4B": _R4B_TYPES,
    "R5": _R5_TYPES,
    "R6": _R5_TYPES,
}
