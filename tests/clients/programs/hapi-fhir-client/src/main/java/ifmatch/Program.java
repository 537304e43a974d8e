package ifmatch;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.parser.IParser;
import ca.uhn.fhir.rest.api.EncodingEnum;
import ca.uhn.fhir.rest.api.MethodOutcome;
import ca.uhn.fhir.rest.api.PreferReturnEnum;
import ca.uhn.fhir.rest.client.api.IGenericClient;
import ca.uhn.fhir.rest.client.api.ServerValidationModeEnum;
import ca.uhn.fhir.rest.gclient.ICriterion;
import ca.uhn.fhir.rest.server.exceptions.BaseServerResponseException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.concurrent.Callable;
import org.hl7.fhir.instance.model.api.IBaseResource;
import org.hl7.fhir.r4.model.Bundle;
import org.hl7.fhir.r4.model.CapabilityStatement;
import org.hl7.fhir.r4.model.IdType;
import org.hl7.fhir.r4.model.Patient;

/** What HAPI's client does with a server, a line of JSON for each interaction: `Program BASE_URL SENT`. */
public final class Program {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final FhirContext FHIR = FhirContext.forR4();

    private final IGenericClient client;
    private final JsonNode sent;
    private final IParser parser = FHIR.newJsonParser();

    private Program(String base, JsonNode sent) {
        FHIR.getRestfulClientFactory().setServerValidationMode(ServerValidationModeEnum.NEVER);
        this.client = FHIR.newRestfulGenericClient(base);
        // With it HAPI adds `_format=json` to every address and condition.
        this.client.setEncoding(EncodingEnum.JSON);
        this.sent = sent;
    }

    public static void main(String[] arguments) throws Exception {
        new Program(arguments[0], JSON.readTree(arguments[1])).run();
    }

    private void run() throws Exception {
        tell("capabilities", () -> node(client.capabilities().ofType(CapabilityStatement.class).execute()));

        JsonNode made = tell("create", () -> node(client.create().resource(patient("patient"))
            .prefer(PreferReturnEnum.REPRESENTATION).execute()));
        String id = made.get("id").asText();
        JsonNode seen = tell("read", () -> read(id));
        String version = seen.get("meta").get("versionId").asText();

        // The version in the id of a resource is what the client names in If-Match.
        tell("update", () -> update(changed(seen, "change"), version));
        tell("stale-update", () -> update(changed(seen, "late"), version));
        JsonNode current = tell("reread", () -> read(id));
        tell("vread", () -> node(client.read().resource(Patient.class).withIdAndVersion(id, version).execute()));

        for (String name : new String[] {"conditional-create", "conditional-create-again"}) {
            tell(name, () -> node(client.create().resource(patient("twin")).conditional().where(condition())
                .prefer(PreferReturnEnum.REPRESENTATION).execute()));
        }
        Bundle first = client.search().forResource(Patient.class)
            .where(Patient.FAMILY.matches().value(sent.at("/patient/name/0/family").asText()))
            .include(Patient.INCLUDE_ORGANIZATION).count(1).returnBundle(Bundle.class).execute();
        tell("search", () -> listed(first));
        tell("count", () -> JSON.getNodeFactory().numberNode(first.getTotal()));
        tell("conditional-update", () -> node(client.update().resource(patient("twin")).conditional()
            .where(condition()).prefer(PreferReturnEnum.REPRESENTATION).execute()));

        String tag = "W/\"" + current.get("meta").get("versionId").asText() + "\"";
        tell("patch", () -> node(client.patch().withBody(sent.get("patch").toString()).withId(new IdType("Patient", id))
            .prefer(PreferReturnEnum.REPRESENTATION).withAdditionalHeader("If-Match", tag).execute()));
        tell("read-patched", () -> read(id));
        tell("delete", () -> {
            client.delete().resourceById("Patient", id).execute();
            return JSON.nullNode();
        });
        tell("read-deleted", () -> read(id));
    }

    /** Carry out an interaction, print what came of it, and return that. */
    private JsonNode tell(String interaction, Callable<JsonNode> ask) throws Exception {
        boolean ok = true;
        JsonNode got;
        try {
            got = ask.call();
        } catch (BaseServerResponseException error) {
            ok = false;
            ObjectNode refusal = JSON.createObjectNode();
            refusal.put("error", error.getClass().getSimpleName());
            refusal.set("outcome", JSON.readTree(String.valueOf(error.getResponseBody())));
            got = refusal;
        }
        ObjectNode line = JSON.createObjectNode().put("interaction", interaction).put("ok", ok);
        line.set("got", got);
        System.out.println(line);
        return got;
    }

    private JsonNode read(String id) throws Exception {
        return node(client.read().resource(Patient.class).withId(id).execute());
    }

    private JsonNode update(Patient patient, String version) throws Exception {
        patient.setId(new IdType("Patient", patient.getIdElement().getIdPart(), version));
        return node(client.update().resource(patient).prefer(PreferReturnEnum.REPRESENTATION).execute());
    }

    private Patient patient(String name) {
        return parser.parseResource(Patient.class, sent.get(name).toString());
    }

    private Patient changed(JsonNode seen, String change) {
        ObjectNode resource = seen.deepCopy();
        resource.setAll((ObjectNode) sent.get(change));
        return parser.parseResource(Patient.class, resource.toString());
    }

    private ICriterion<?> condition() {
        JsonNode identifier = sent.at("/twin/identifier/0");
        return Patient.IDENTIFIER.exactly()
            .systemAndIdentifier(identifier.get("system").asText(), identifier.get("value").asText());
    }

    private ArrayNode listed(Bundle first) throws Exception {
        ArrayNode found = JSON.createArrayNode();
        for (Bundle page = first; page != null;
             page = page.getLink(Bundle.LINK_NEXT) == null ? null : client.loadPage().next(page).execute()) {
            for (Bundle.BundleEntryComponent entry : page.getEntry()) {
                found.add(node(entry.getResource()));
            }
        }
        return found;
    }

    private JsonNode node(MethodOutcome outcome) throws Exception {
        return node(outcome.getResource());
    }

    private JsonNode node(IBaseResource resource) throws Exception {
        return resource == null ? JSON.nullNode() : JSON.readTree(parser.encodeResourceToString(resource));
    }
}
