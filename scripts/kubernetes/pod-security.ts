import type { IContainer, IPodSpec } from 'kubernetes-models/v1';

/** Kinds of volumes that are no way out of the container. */
const VOLUMES: readonly string[] = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
];
const SECCOMP: readonly unknown[] = ['RuntimeDefault', 'Localhost'];
const APP_ARMOR: readonly unknown[] = [undefined, 'RuntimeDefault', 'Localhost'];
const SE_LINUX_TYPES: readonly unknown[] = [
  undefined,
  '',
  'container_t',
  'container_init_t',
  'container_kvm_t',
  'container_engine_t',
];
const SYSCTLS: readonly string[] = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_wmem',
];

/**
 * Where a pod breaks the profile "restricted" of the Pod Security Standards, which holds "baseline" too; empty when it keeps it. The order is
 * that of https://kubernetes.io/docs/concepts/security/pod-security-standards/.
 */
export function restrictedFaults(pod: IPodSpec): string[] {
  return [...podFaults(pod), ...containersOf(pod).flatMap((container) => containerFaults(pod, container))];
}

function podFaults({ securityContext: context = {}, volumes = [], ...pod }: IPodSpec): string[] {
  const faults: string[] = [];
  for (const right of ['hostNetwork', 'hostPID', 'hostIPC'] as const) if (pod[right] === true) faults.push(right);
  if (context.windowsOptions?.hostProcess === true) faults.push('hostProcess');
  if (!APP_ARMOR.includes(context.appArmorProfile?.type)) faults.push('appArmorProfile');
  faults.push(...seLinuxFaults(context.seLinuxOptions));
  for (const { name } of context.sysctls ?? []) if (!SYSCTLS.includes(name)) faults.push(`sysctl ${name}`);
  for (const { name, ...volume } of volumes) {
    const [kind = 'hostPath'] = Object.keys(volume);
    if (!VOLUMES.includes(kind)) faults.push(`volume ${name}: ${kind}`);
  }
  if (context.runAsUser === 0) faults.push('runAsUser 0');
  if (context.seccompProfile !== undefined && !SECCOMP.includes(context.seccompProfile.type)) faults.push('seccomp');
  return faults;
}

function containerFaults({ securityContext: podContext }: IPodSpec, container: IContainer): string[] {
  const { name, securityContext: context = {}, ports = [] } = container;
  const { capabilities: { add = [], drop = [] } = {} } = context;
  const faults: string[] = [];
  if (context.windowsOptions?.hostProcess === true) faults.push('hostProcess');
  if (context.privileged === true) faults.push('privileged');
  if (ports.some(({ hostPort = 0 }) => hostPort !== 0)) faults.push('hostPort');
  if (namesHost(container)) faults.push('host of a probe');
  if (!APP_ARMOR.includes(context.appArmorProfile?.type)) faults.push('appArmorProfile');
  faults.push(...seLinuxFaults(context.seLinuxOptions));
  if ((context.procMount ?? 'Default') !== 'Default') faults.push('procMount');
  if (context.allowPrivilegeEscalation !== false) faults.push('allowPrivilegeEscalation');
  if ((context.runAsNonRoot ?? podContext?.runAsNonRoot) !== true) faults.push('runAsNonRoot');
  if (context.runAsUser === 0) faults.push('runAsUser 0');
  if (!SECCOMP.includes((context.seccompProfile ?? podContext?.seccompProfile)?.type)) faults.push('seccomp');
  if (!drop.includes('ALL')) faults.push('capabilities are not dropped');
  for (const right of add) if (right !== 'NET_BIND_SERVICE') faults.push(`capability ${right}`);
  return faults.map((fault) => `container ${name}: ${fault}`);
}

/** A probe of another host than the pod would let its node be used against that one. */
function namesHost({ livenessProbe, readinessProbe, startupProbe, lifecycle }: IContainer): boolean {
  const handlers = [livenessProbe, readinessProbe, startupProbe, lifecycle?.preStop, lifecycle?.postStart];
  return handlers.some((handler) => (handler?.httpGet?.host ?? handler?.tcpSocket?.host ?? '') !== '');
}

function seLinuxFaults(options: { type?: string; user?: string; role?: string } | undefined): string[] {
  const { type, user = '', role = '' } = options ?? {};
  return SE_LINUX_TYPES.includes(type) && user === '' && role === '' ? [] : ['seLinuxOptions'];
}

function containersOf({ containers, initContainers = [], ephemeralContainers = [] }: IPodSpec): IContainer[] {
  return [...containers, ...initContainers, ...ephemeralContainers];
}
