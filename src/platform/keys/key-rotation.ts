import type { Settings } from '../config/settings';
import { OperationFailed } from '../operations/operation-failed';
import type { KeyOperations } from '../operations/operations.port';
import { KeyEncryptionKeyFile } from './key-encryption-key.file';
import { KeyEncryptionKeys } from './key-encryption-keys';
import type { PersonalData, Rotation } from './personal-data';

/**
 * Wraps the keys of persons anew: by the first of `DATA_KEY_ENCRYPTION_KEY`, or, where the key-encryption key is kept in the data directory,
 * by a new one that is made for it. A rotation that was broken off is gone on with by the next one.
 */
export class KeyRotation implements KeyOperations {
  private underWay: Promise<Rotation> | undefined;

  /** @param directory of the process whose keys they are */
  constructor(
    private readonly settings: Pick<Settings, 'kafka' | 'dataKeyEncryptionKeys'>,
    private readonly directory: string,
    private readonly personal: PersonalData,
  ) {}

  rotate(): Promise<Rotation> {
    this.underWay ??= this.run().finally(() => (this.underWay = undefined));
    return this.underWay;
  }

  private async run(): Promise<Rotation> {
    const { kafka, dataKeyEncryptionKeys } = this.settings;
    if (dataKeyEncryptionKeys !== undefined) return this.personal.rotate();
    if (kafka !== undefined) {
      throw new OperationFailed(
        'CONFLICT',
        'set DATA_KEY_ENCRYPTION_KEY first: other processes have to be given the new one',
      );
    }
    const file = new KeyEncryptionKeyFile(this.directory);
    const before = file.read();
    // More than one: a rotation was broken off.
    const keys = before.length > 1 ? before : file.prepend();
    this.personal.use(new KeyEncryptionKeys(keys));
    const rotation = await this.personal.rotate();
    file.write(keys.slice(0, 1));
    this.personal.use(new KeyEncryptionKeys(keys.slice(0, 1)));
    return rotation;
  }
}
