#!/usr/bin/env bash
# Makes tools/<name>/go.mod and go.sum anew for the versions below; commit what changes. Needs Go and python3.
# One module a tool: Go would bring all of one module to common versions of their libraries.
set -euo pipefail
cd "$(dirname "$0")"
ETCD=v3.6.11 KUBERNETES=v1.36.3 KWOK=v0.8.0 KUSTOMIZE=v5.8.1 KUBECONFORM=v0.8.0 KUEUE=v0.19.2 KEDA=v2.21.0
export GOFLAGS='' GOWORK=off

begin() { mkdir -p "$1" && cd "$1" && rm -f go.mod go.sum && go mod init "attune.dev/cluster-tools/$1"; }
field() { go mod download -json "$1" | python3 -c "import json, sys; print(json.load(sys.stdin)['$2'])"; }

(begin etcd && go get -tool "go.etcd.io/etcd/server/v3@$ETCD")
(begin kwok && go get -tool "sigs.k8s.io/kwok/cmd/kwok@$KWOK" "sigs.k8s.io/kwok/cmd/kwokctl@$KWOK")
(begin kustomize && go get -tool "sigs.k8s.io/kustomize/kustomize/v5@$KUSTOMIZE")
(begin kubeconform && go get -tool "github.com/yannh/kubeconform/cmd/kubeconform@$KUBECONFORM")

# Kubernetes requires its own parts at v0.0.0; they are published as v0.<minor>.<patch>.
(
  begin kubernetes
  go mod edit -require="k8s.io/kubernetes@$KUBERNETES"
  awk '$2=="v0.0.0"{print $1}' "$(field "k8s.io/kubernetes@$KUBERNETES" GoMod)" | sort -u |
    while read -r part; do go mod edit -replace="$part=$part@v0.${KUBERNETES#v1.}"; done
  go get -tool k8s.io/kubernetes/cmd/{kube-apiserver,kube-controller-manager,kube-scheduler,kubectl}@"$KUBERNETES"
)

# Its own go.sum has a checksum that Go's checksum database lacks.
(
  begin kueue
  go mod edit -require="sigs.k8s.io/kueue@$KUEUE" -tool=sigs.k8s.io/kueue/cmd/kueue
  install -m 644 "$(field "sigs.k8s.io/kueue@$KUEUE" Dir)/go.sum" go.sum
  go mod tidy
)

# A module's replacements count only in the main module.
(
  begin keda
  go mod edit -json "$(field "github.com/kedacore/keda/v2@$KEDA" GoMod)" | python3 -c '
import json, sys
for replacement in json.load(sys.stdin).get("Replace") or []:
    old, new = replacement["Old"], replacement["New"]
    print("%s%s=%s@%s" % (old["Path"], "@" + old["Version"] if old.get("Version") else "", new["Path"], new["Version"]))' |
    while read -r replacement; do go mod edit -replace="$replacement"; done
  go get -tool "github.com/kedacore/keda/v2/cmd/operator@$KEDA"
)
