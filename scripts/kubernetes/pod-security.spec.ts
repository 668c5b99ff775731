import type { IContainer, IPodSpec } from 'kubernetes-models/v1';
import { restrictedFaults } from './pod-security.ts';

type PodContext = NonNullable<IPodSpec['securityContext']>;
type Context = NonNullable<IContainer['securityContext']>;

const context: Context = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
const kept: IPodSpec = {
  securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [{ name: 'one', image: 'image', securityContext: context }],
  volumes: [{ name: 'data', emptyDir: {} }],
};
const inPod = (more: PodContext): Partial<IPodSpec> => ({ securityContext: { ...kept.securityContext, ...more } });
const inContainer = (more: Partial<IContainer>): Partial<IPodSpec> => ({
  containers: [{ name: 'one', image: 'image', securityContext: context, ...more }],
});
const inContext = (more: Context): Partial<IPodSpec> => inContainer({ securityContext: { ...context, ...more } });

/** Each breaks one control of the profile; the API server's own checks refuse the same ones. */
const broken: readonly (readonly [fault: string, change: Partial<IPodSpec>])[] = [
  ['hostNetwork', { hostNetwork: true }],
  ['hostPID', { hostPID: true }],
  ['hostIPC', { hostIPC: true }],
  ['appArmorProfile', inPod({ appArmorProfile: { type: 'Unconfined' } })],
  ['seLinuxOptions', inPod({ seLinuxOptions: { type: 'spc_t' } })],
  ['seLinuxOptions', inPod({ seLinuxOptions: { user: 'root' } })],
  ['sysctl kernel.msgmax', inPod({ sysctls: [{ name: 'kernel.msgmax', value: '1' }] })],
  ['runAsUser 0', inPod({ runAsUser: 0 })],
  ['seccomp', inPod({ seccompProfile: { type: 'Unconfined' } })],
  ['volume node: hostPath', { volumes: [{ name: 'node', hostPath: { path: '/' } }] }],
  ['volume share: nfs', { volumes: [{ name: 'share', nfs: { server: 'files', path: '/' } }] }],
  ['container one: hostProcess', inContext({ windowsOptions: { hostProcess: true } })],
  ['container one: privileged', inContext({ privileged: true })],
  ['container one: hostPort', inContainer({ ports: [{ containerPort: 80, hostPort: 80 }] })],
  ['container one: host of a probe', inContainer({ livenessProbe: { httpGet: { port: 80, host: '10.0.0.1' } } })],
  ['container one: appArmorProfile', inContext({ appArmorProfile: { type: 'Unconfined' } })],
  ['container one: seLinuxOptions', inContext({ seLinuxOptions: { role: 'any' } })],
  ['container one: procMount', inContext({ procMount: 'Unmasked' })],
  ['container one: allowPrivilegeEscalation', inContext({ allowPrivilegeEscalation: true })],
  ['container one: runAsNonRoot', inContext({ runAsNonRoot: false })],
  ['container one: runAsUser 0', inContext({ runAsUser: 0 })],
  ['container one: seccomp', inContext({ seccompProfile: { type: 'Unconfined' } })],
  ['container one: capabilities are not dropped', inContext({ capabilities: {} })],
  ['container one: capability SYS_TIME', inContext({ capabilities: { drop: ['ALL'], add: ['SYS_TIME'] } })],
];

describe('The restricted pod security standard', () => {
  it('is kept by a pod with no more rights than it needs', () => {
    expect(restrictedFaults(kept)).toEqual([]);
    expect(
      restrictedFaults({ ...kept, ...inContext({ capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] } }) }),
    ).toEqual([]);
  });

  it.each(broken)('is broken by %s', (fault, change) => {
    expect(restrictedFaults({ ...kept, ...change })).toContain(fault);
  });

  it('asks for what is not said, of every container', () => {
    const bare: IContainer = { name: 'two', image: 'image' };
    const { containers } = kept;

    expect(restrictedFaults({ containers, initContainers: [bare] })).toEqual([
      'container one: runAsNonRoot',
      'container one: seccomp',
      'container two: allowPrivilegeEscalation',
      'container two: runAsNonRoot',
      'container two: seccomp',
      'container two: capabilities are not dropped',
    ]);
  });
});
