import type { IDeployment } from 'kubernetes-models/apps/v1';
import type { IPodSpec } from 'kubernetes-models/v1';
import { parseAllDocuments } from 'yaml';

/** Anything that Kubernetes takes. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
}

/** The manifests of a YAML text. @throws Error when it holds something else */
export function parseManifests(text: string): Manifest[] {
  return parseAllDocuments(text).map((document) => {
    const value: unknown = document.toJS();
    if (!isManifest(value)) throw new Error(`this is no manifest: ${JSON.stringify(value)}`);
    return value;
  });
}

export function isDeployment(manifest: Manifest): manifest is Manifest & IDeployment {
  return manifest.apiVersion === 'apps/v1' && manifest.kind === 'Deployment';
}

/** What it makes pods of, if it is a deployment: the only kind here that makes any. */
export function podOf(manifest: Manifest): IPodSpec | undefined {
  return isDeployment(manifest) ? manifest.spec?.template.spec : undefined;
}

function isManifest(value: unknown): value is Manifest {
  return (
    typeof value === 'object' &&
    value !== null &&
    'apiVersion' in value &&
    'kind' in value &&
    'metadata' in value &&
    typeof value.metadata === 'object' &&
    value.metadata !== null &&
    'name' in value.metadata
  );
}
