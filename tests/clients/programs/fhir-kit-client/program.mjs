// What fhir-kit-client does with a server, a line of JSON for each interaction: `program.mjs BASE_URL SENT`.
import { CapabilityTool, Client } from "fhir-kit-client";

const [baseUrl, sent] = [process.argv[2], JSON.parse(process.argv[3])];
const client = new Client({ baseUrl });
const resourceType = "Patient";

/** Carry out an interaction, print what came of it, and return that. */
async function tell(interaction, ask) {
  let [ok, got] = [true, undefined];
  try {
    got = await ask();
  } catch (error) {
    if (!error.response) throw error;
    [ok, got] = [false, { error: `HTTP ${error.response.status}`, outcome: error.response.data }];
  }
  console.log(JSON.stringify({ interaction, ok, got }));
  return got;
}

const tag = (resource) => `W/"${resource.meta.versionId}"`;
const sending = (headers) => ({ options: { headers } });

/** Every resource that a search finds, page by page, with the first page asked for by POST. */
async function everything(searchParams) {
  const found = [];
  let bundle = await client.search({ resourceType, searchParams, options: { postSearch: true } });
  while (bundle) {
    found.push(...(bundle.entry ?? []).map((entry) => entry.resource));
    bundle = await client.nextPage({ bundle });
  }
  return found;
}

await tell("capabilities", async () => {
  const statement = await client.capabilityStatement();
  if (!new CapabilityTool(statement).serverCan("transaction")) throw new Error("the statement is not understood");
  return statement;
});

const { id } = await tell("create", () => client.create({ resourceType, body: sent.patient }));
const seen = await tell("read", () => client.read({ resourceType, id }));

const naming = sending({ "If-Match": tag(seen) });
await tell("update", () => client.update({ resourceType, id, body: { ...seen, ...sent.change }, ...naming }));
await tell("stale-update", () => client.update({ resourceType, id, body: { ...seen, ...sent.late }, ...naming }));
const current = await tell("reread", () => client.read({ resourceType, id }));
await tell("vread", () => client.vread({ resourceType, id, version: seen.meta.versionId }));

const unless = sending({ "If-None-Exist": sent.condition });
for (const name of ["conditional-create", "conditional-create-again"])
  await tell(name, () => client.create({ resourceType, body: sent.twin, ...unless }));
const { family } = sent.patient.name[0];
await tell("search", () => everything({ family, _count: 1, _include: "Patient:organization" }));
await tell("count", async () => (await client.search({ resourceType, searchParams: { family, _count: 0 } })).total);

const patching = sending({ "If-Match": tag(current) });
await tell("patch", () => client.patch({ resourceType, id, jsonPatch: sent.patch, ...patching }));
await tell("read-patched", () => client.read({ resourceType, id }));
await tell("delete", () => client.delete({ resourceType, id }));
await tell("read-deleted", () => client.read({ resourceType, id }));
