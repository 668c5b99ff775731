apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization

nameSuffix: -__module__

resources:
  - ../worker

labels:
  - pairs:
      module: __module__
    includeSelectors: true

patches:
  - target:
      kind: Deployment
    patch: |
      - op: add
        path: /spec/template/spec/containers/0/env/-
        value: { name: MODULES, value: __module__ }
