import { describeSettings } from './describe-settings';
import { variables, type VariableName } from './variables';

const of = (name: VariableName, environment: Record<string, string>, dotenv = '') =>
  describeSettings(environment, dotenv).find((setting) => setting.name === name);

describe('The described settings', () => {
  it('are all of them, each with its meaning', () => {
    const described = describeSettings({}, '');

    expect(described.map(({ name }) => name)).toEqual(Object.keys(variables));
    expect(described.filter(({ meaning }) => meaning === '')).toEqual([]);
  });

  it('tell where a value comes from: the environment wins over .env, and empty is unset', () => {
    expect(of('PORT', {})).toMatchObject({ value: '3000', source: 'default' });
    expect(of('PORT', {}, 'PORT=4000')).toMatchObject({ value: '4000', source: '.env' });
    expect(of('PORT', { PORT: '5000' }, 'PORT=4000')).toMatchObject({ value: '5000', source: 'environment' });
    expect(of('PORT', { PORT: '' }, 'PORT=4000')).toMatchObject({ value: '3000', source: 'default' });
  });

  it('never hold a secret, and tell only whether it is set', () => {
    const secrets = {
      KAFKA_SASL_PASSWORD: 'tiger',
      DATABASE_URL: 'postgres://u:tiger@h/d',
      DATA_KEY_ENCRYPTION_KEY: 'tiger',
    };

    expect(JSON.stringify(describeSettings(secrets, 'KAFKA_SASL_PASSWORD=tiger'))).not.toContain('tiger');
    expect(of('KAFKA_SASL_PASSWORD', secrets)?.value).toMatch(/^\*+$/);
    expect(of('KAFKA_SASL_PASSWORD', {})?.value).toBe('');
  });
});
