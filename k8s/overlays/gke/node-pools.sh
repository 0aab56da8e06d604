#!/bin/sh
# Makes the two GPU pools, both empty until a run waits for a GPU: CLUSTER=attune REGION=europe-west4 sh node-pools.sh
# GKE installs the driver and the device plugin, and taints GPU nodes with nvidia.com/gpu=present:NoSchedule itself.
set -eu
pool() {
  name=$1 nodes=$2
  shift 2
  gcloud container node-pools create "$name" --cluster "$CLUSTER" --region "$REGION" \
    --machine-type g2-standard-8 --accelerator type=nvidia-l4,count=1,gpu-driver-version=default \
    --disk-size 150 --node-labels "attune.dev/pool=$name" \
    --num-nodes 0 --enable-autoscaling --total-min-nodes 0 --total-max-nodes "$nodes" --location-policy ANY "$@"
}
pool gpu-spot 6 --spot
pool gpu-on-demand 2
