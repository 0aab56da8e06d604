#!/bin/sh
# Makes the two GPU pools, both empty until a run waits for a GPU: CLUSTER=attune GROUP=attune sh node-pools.sh
# Driver and device plugin come with the GPU operator (platform/gpu-operator). AKS taints spot nodes itself, GPU nodes it does not.
set -eu
pool() {
  name=$1 label=$2 nodes=$3
  shift 3
  az aks nodepool add --name "$name" --cluster-name "$CLUSTER" --resource-group "$GROUP" \
    --node-vm-size Standard_NC8as_T4_v3 --os-sku Ubuntu --gpu-driver none --node-osdisk-size 150 \
    --labels "attune.dev/pool=$label" --node-taints nvidia.com/gpu=present:NoSchedule \
    --node-count 0 --enable-cluster-autoscaler --min-count 0 --max-count "$nodes" "$@"
}
pool gpuspot gpu-spot 6 --priority Spot --eviction-policy Delete --spot-max-price -1
pool gpuondemand gpu-on-demand 2
