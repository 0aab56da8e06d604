#!/bin/sh
# Makes the two GPU pools, both empty until a run waits for a GPU: CLUSTER=attune LOCATION=europe-west4 sh node-pools.sh
# LOCATION is that of the cluster: a region, or the zone of a zonal cluster. ZONES=europe-west4-a,europe-west4-b: those in which the
# pools may have nodes, where not every zone of the cluster has the GPU.
# GKE installs the driver and the device plugin, and taints GPU nodes with nvidia.com/gpu=present:NoSchedule itself.
set -eu
pool() {
  name=$1 nodes=$2
  shift 2
  gcloud container node-pools create "$name" --cluster "$CLUSTER" --location "$LOCATION" ${ZONES:+--node-locations "$ZONES"} \
    --machine-type g2-standard-8 --accelerator type=nvidia-l4,count=1,gpu-driver-version=default \
    --disk-size 150 --node-labels "attune.dev/pool=$name" \
    --num-nodes 0 --enable-autoscaling --total-min-nodes 0 --total-max-nodes "$nodes" --location-policy ANY "$@"
}
pool gpu-spot 6 --spot
pool gpu-on-demand 2
