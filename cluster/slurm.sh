#!/usr/bin/env bash
# Runs one experiment on the nodes of a SLURM allocation, with its own Ray cluster, which starts and ends with the job:
#
#     sbatch cluster/slurm.sh my.yaml [RESULTS]
#
# Submit it from a directory that all nodes can read, with an active environment in which searchparty is installed.
# RESULTS defaults to results/<job name>-<job id>. A job that is requeued resumes where it stopped; so does a job that
# is submitted again with the same RESULTS. See docs/cluster.md for details. Adapt these options to your site:
#
#SBATCH --job-name=searchparty
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=8
#SBATCH --mem-per-cpu=2G
#SBATCH --time=04:00:00
#SBATCH --output=%x-%j.out
#SBATCH --open-mode=append
# The script gets SIGTERM a minute before the time limit, so that the run ends cleanly.
#SBATCH --signal=B:TERM@60
#SBATCH --requeue
set -euo pipefail

experiment=${1:?"usage: sbatch cluster/slurm.sh EXPERIMENT.yaml [RESULTS]"}
results=${2:-results/$SLURM_JOB_NAME-$SLURM_JOB_ID}
cpus=${SLURM_CPUS_PER_TASK:-1}
# Seconds to wait for the nodes to start, and for a process to stop.
patience=${PATIENCE:-300}
grace=15

# Two jobs may share a node, so each has its own ports, below the range from which systems assign ports.
port=$((20000 + SLURM_JOB_ID % 6000 * 2))
mapfile -t nodes < <(scontrol show hostnames "$SLURM_JOB_NODELIST")
head=${nodes[0]}
# This script runs on the first node. If nodes have several networks, set HEAD_IP to choose one.
ip=${HEAD_IP:-$(python3 -c 'from ray.util import get_node_ip_address; print(get_node_ip_address())')}
address=$ip:$port

# On each node's local disk. The path must be short, as the length of socket names is limited.
export RAY_TMPDIR=/tmp/sp-$SLURM_JOB_ID
# Everyone who can connect to Ray can run programs as you. So the token is in a file that only you can read, and never
# on a command line.
private=$(pwd)/.searchparty-$SLURM_JOB_ID
export RAY_AUTH_MODE=token RAY_AUTH_TOKEN_PATH=$private/token
unset RAY_AUTH_TOKEN
# When the run has ended, nodes need not wait for anything before they stop.
export RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S=0

current=
driving=
steps=()

# Run a command so that signals are handled meanwhile: the shell handles them while it waits, but not while a command
# runs in its foreground.
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
    # A run that has started ends by itself, and says how to resume it.
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
    # Stop workers before the head: a worker that has lost its head looks for it for a minute.
    for step in "${steps[@]}"; do
        ended "$step"
    done
    rm -rf "$private"
    # After a failure, keep Ray's own logs for diagnosis.
    if ((code == 0)); then
        srun --ntasks="$SLURM_JOB_NUM_NODES" --ntasks-per-node=1 rm -rf "$RAY_TMPDIR" || true
    fi
    exit "$code"
}

# Start Ray on some of the nodes, as a step of the job: start_ray OPTION... -- RAY_OPTION...
start_ray() {
    local options=()
    while [[ $1 != -- ]]; do
        options+=("$1")
        shift
    done
    shift
    # shellcheck disable=SC2016  # expanded on the node
    srun --export=ALL --ntasks-per-node=1 --cpus-per-task="$cpus" "${options[@]}" bash -c \
        'mkdir -p -m 700 "$RAY_TMPDIR" && [[ -O $RAY_TMPDIR ]] && exec ray start "$@"' ray \
        --num-cpus="$cpus" --object-store-memory=200000000 --dashboard-agent-listen-port=0 --disable-usage-stats \
        --block "$@" >>"$private/ray.log" 2>&1 &
    steps=("$!" "${steps[@]}")
}

# Wait until all nodes have joined. Run this in a separate shell, as `attend` does: it replaces the shell.
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
        sys.exit(f"Only {found} of {wanted} nodes started within {patience:g} s.")
    time.sleep(0.5)
PYTHON
}

failed() {
    echo "$1 Ray's output:" >&2
    tail -n 20 "$private/ray.log" >&2
    exit 1
}

trap told_to_stop TERM INT
trap clean EXIT
rm -rf "$private"
mkdir -m 700 "$private"
(umask 077 && python3 -c 'import secrets; print(secrets.token_hex(32), end="")' >"$private/token")

head_options=(--head --node-ip-address="$ip" --port="$port" --include-dashboard=false)
# Ray opens this port, too, if grpc is installed; by default it would be the same port for every job.
if python3 -c 'import grpc' 2>/dev/null; then
    head_options+=(--ray-client-server-port=$((port + 1)))
fi
start_ray --nodes=1 --ntasks=1 --nodelist="$head" -- "${head_options[@]}"
until attend ray health-check --address "$address" >/dev/null 2>&1; do
    kill -0 "${steps[0]}" 2>/dev/null || failed "Ray did not start on $head."
    ((SECONDS < patience)) || failed "Ray did not start on $head within $patience s."
done
if ((SLURM_JOB_NUM_NODES > 1)); then
    others=$((SLURM_JOB_NUM_NODES - 1))
    start_ray --nodes="$others" --ntasks="$others" --exclude="$head" -- --address="$address"
fi
attend all_nodes_are_there || failed "Not all nodes have started."

driving=yes
if [[ -e $results/experiment.yaml ]]; then
    # The results are those of this job; --trust says so where the nodes do not share a home directory.
    attend searchparty resume "$results" --trust --executor ray --address "$address"
else
    attend searchparty run "$experiment" --out "$results" --executor ray --address "$address"
fi
