#!/bin/sh
# Installs or upgrades what versions.yaml names: `sh install.sh` what every cluster needs, `sh install.sh kueue` that one. What differs by cloud
# is told which: `CLOUD=eks sh install.sh gpu-operator`.
set -eu
cd "$(dirname "$0")"

# One line a chart: release chart version namespace optional repo
charts() {
  awk '$1 == "-" { if (chart["release"]) print_chart(); delete chart; $1 = ""; $0 = $0 }
       /^ *[a-z]+: [^ ]+$/ { sub(":", "", $1); chart[$1] = $2 }
       END { print_chart() }
       function print_chart() { print chart["release"], chart["chart"], chart["version"], chart["namespace"], chart["optional"] ? "optional" : "needed", chart["repo"] }' versions.yaml
}

# The file that a release has for this cloud; none where it is the same on every one.
values_of_cloud() {
  clouds=$(ls "$1" | sed -n 's/^values-\(.*\)\.yaml$/\1/p' | tr '\n' ' ')
  case " $clouds" in
    ' ') ;;
    *" ${CLOUD:-} "*) echo "$1/values-$CLOUD.yaml" ;;
    *) echo "$1 differs by cloud: set CLOUD to one of $clouds" >&2 && return 1 ;;
  esac
}

charts | while read -r release chart version namespace need repo; do
  case " $* " in
    *" $release "*) ;;
    *) if [ $# -gt 0 ] || [ "$need" = optional ]; then continue; fi ;;
  esac
  cloud=$(values_of_cloud "$release")
  helm upgrade --install "$release" "$chart" ${repo:+--repo "$repo"} --version "$version" \
    --namespace "$namespace" --create-namespace --values "$release/values.yaml" ${cloud:+--values "$cloud"} --wait
  # The operator's kinds are known now: the database itself.
  if [ "$release" = cnpg ]; then kubectl apply --server-side -f cnpg/cluster.yaml; fi
done
