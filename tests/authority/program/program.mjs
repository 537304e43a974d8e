// An authorization server. Its clients and what it grants stand in a file; what happens goes out as lines of JSON.
import { readFileSync } from 'node:fs';
import Provider from 'oidc-provider';

const { port, clients, scopes, lifetime} = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const tell = (line) => console.log(JSON.stringify(line));

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients,
  scopes,
  clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
  enabledJWA: { clientAuthSigningAlgValues: ['RS384', 'ES384'] },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => 'urn:ifmatch:target',
      getResourceServerInfo: () => ({
        scope: scopes.join(' '),
        accessTokenFormat: 'jwt',
        accessTokenTTL: lifetime,
        jwt: { sign: { alg: 'RS256' } },
      }),
    },
  },
});

provider.on('grant.success', ({ oidc, body }) => tell({
  client: oidc.client.clientId,
  at: Date.now(),
  token: body.access_token,
  assertion: oidc.params.client_assertion ?? oidc.body?.client_assertion ?? '',
}));
provider.on('grant.error', (context, error) => tell({ refused: error.error, why: error.error_detail ?? '' }));
provider.on('server_error', (context, error) => tell({ broken: String(error.stack) }));
provider.listen(port, '127.0.0.1', () => tell({ listening: port }));
