#!/usr/bin/env bash
# One experiment on the nodes of a SLURM allocation, with a Ray of its own that starts and ends with the job:
#
#     sbatch cluster/slurm.sh my.yaml [RESULTS]
#
# Submit it where all nodes see the files, with the environment active that has searchparty. RESULTS is
# results/<job's name>-<job's number> unless given. A job that is requeued goes on where it stopped; so does one that
# is submitted again with the same RESULTS. docs/cluster.md says more. Change these to what your site offers:
#
#SBATCH --job-name=searchparty
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=8
#SBATCH --mem-per-cpu=2G
#SBATCH --time=04:00:00
#SBATCH --output=%x-%j.out
#SBATCH --open-mode=append
# A minute before the time is up the script is told, so that the run ends cleanly.
#SBATCH --signal=B:TERM@60
#SBATCH --requeue
set -euo pipefail

experiment=${1:?"usage: sbatch cluster/slurm.sh EXPERIMENT.yaml [RESULTS]"}
results=${2:-results/$SLURM_JOB_NAME-$SLURM_JOB_ID}
cpus=${SLURM_CPUS_PER_TASK:-1}
# Seconds that the nodes may take to come up, and to stop.
patience=${PATIENCE:-300}
grace=15

# Two jobs may share a node: each has ports of its own, below those that systems give away.
port=$((20000 + SLURM_JOB_ID % 6000 * 2))
mapfile -t nodes < <(scontrol show hostnames "$SLURM_JOB_NODELIST")
head=${nodes[0]}
# This script runs on the first node. Where nodes have several networks, HEAD_IP says which to use.
ip=${HEAD_IP:-$(python3 -c 'from ray.util import get_node_ip_address; print(get_node_ip_address())')}
address=$ip:$port

# On each node's own disk, and short: the names of sockets in it may not be long.
export RAY_TMPDIR=/tmp/sp-$SLURM_JOB_ID
# Whoever may connect may run programs as you: the token is in a file that only you can read, and on no command line.
private=$(pwd)/.searchparty-$SLURM_JOB_ID
export RAY_AUTH_MODE=token RAY_AUTH_TOKEN_PATH=$private/token
unset RAY_AUTH_TOKEN
# When the run is over nothing is left that a node should wait for before it stops.
export RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S=0

current=
driving=
steps=()

# A signal is heard while the shell waits, not while a command runs in its foreground.
attend() {
    local code=0
    "$@" &
    current=$!
    wait "$current" || code=$?
    while kill -0 "$current" 2>/dev/null; do
        code=0
        wait "$current" || code=$?
    done
    current=
    return "$code"
}

told_to_stop() {
    [[ -z $current ]] || kill -TERM "$current" 2>/dev/null || true
    # A run that is under way ends by itself, and says how to go on.
    [[ -n $driving ]] || exit 143
}

ended() {
    local waited=0
    kill -TERM "$1" 2>/dev/null || return 0
    while kill -0 "$1" 2>/dev/null && ((waited++ < grace * 5)); do
        sleep 0.2
    done
    kill -KILL "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}

clean() {
    local code=$? step
    trap '' TERM INT
    # Workers before the head: a worker that has lost its head looks for it for a minute.
    for step in "${steps[@]}"; do
        ended "$step"
    done
    rm -rf "$private"
    # After a failure Ray's own logs are of use.
    if ((code == 0)); then
        srun --ntasks="$SLURM_JOB_NUM_NODES" --ntasks-per-node=1 rm -rf "$RAY_TMPDIR" || true
    fi
    exit "$code"
}

# Ray on some of the nodes, as a step of the job: start_ray OPTION... -- RAY_OPTION...
start_ray() {
    local options=()
    while [[ $1 != -- ]]; do
        options+=("$1")
        shift
    done
    shift
    # shellcheck disable=SC2016  # to be expanded on the node
    srun --export=ALL --ntasks-per-node=1 --cpus-per-task="$cpus" "${options[@]}" bash -c \
        'mkdir -p -m 700 "$RAY_TMPDIR" && [[ -O $RAY_TMPDIR ]] && exec ray start "$@"' ray \
        --num-cpus="$cpus" --object-store-memory=200000000 --dashboard-agent-listen-port=0 --disable-usage-stats \
        --block "$@" >>"$private/ray.log" 2>&1 &
    steps=("$!" "${steps[@]}")
}

# To be run in a shell of its own, as `attend` does.
all_nodes_are_there() {
    exec python3 - "$address" "$SLURM_JOB_NUM_NODES" "$patience" <<'PYTHON'
import sys
import time

import ray

address, wanted, patience = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
ray.init(address=address, log_to_driver=False, logging_level="ERROR")
deadline = time.monotonic() + patience
while (found := sum(node["Alive"] for node in ray.nodes())) < wanted:
    if time.monotonic() > deadline:
        sys.exit(f"Only {found} of {wanted} nodes came up within {patience:g} s.")
    time.sleep(0.5)
PYTHON
}

failed() {
    echo "$1 What Ray said:" >&2
    tail -n 20 "$private/ray.log" >&2
    exit 1
}

trap told_to_stop TERM INT
trap clean EXIT
rm -rf "$private"
mkdir -m 700 "$private"
(umask 077 && python3 -c 'import secrets; print(secrets.token_hex(32), end="")' >"$private/token")

head_options=(--head --node-ip-address="$ip" --port="$port" --include-dashboard=false)
# Ray opens this one too where it can, and would do so at the same port for every job.
if python3 -c 'import grpc' 2>/dev/null; then
    head_options+=(--ray-client-server-port=$((port + 1)))
fi
start_ray --nodes=1 --ntasks=1 --nodelist="$head" -- "${head_options[@]}"
until attend ray health-check --address "$address" >/dev/null 2>&1; do
    kill -0 "${steps[0]}" 2>/dev/null || failed "Ray did not start on $head."
    ((SECONDS < patience)) || failed "Ray did not come up on $head within $patience s."
done
if ((SLURM_JOB_NUM_NODES > 1)); then
    others=$((SLURM_JOB_NUM_NODES - 1))
    start_ray --nodes="$others" --ntasks="$others" --exclude="$head" -- --address="$address"
fi
attend all_nodes_are_there || failed "Not all nodes are there."

driving=yes
if [[ -e $results/experiment.yaml ]]; then
    attend searchparty resume "$results" --executor ray --address "$address"
else
    attend searchparty run "$experiment" --out "$results" --executor ray --address "$address"
fi
