# shellcheck shell=bash disable=SC2034
# What ./dev, .ci/run and the scripts in docker/ share: talking to the person, logs, root, the state
# folder. Everything for a person goes to stderr, so that stdout stays free for results.

# Set-up that fails ends with the exit code that `gauntlet` uses for its own failures.
readonly SETUP_FAILED=255
readonly BAD_USAGE=254

: "${HOME:=$(getent passwd "$(id -u)" | cut -d: -f6)}"
state_dir=${GAUNTLET_HOME:-${XDG_STATE_HOME:-$HOME/.local/state}/gauntlet}

note() { printf 'gauntlet: %s\n' "$*" >&2; }
die() {
    note "$1"
    exit "${2:-$SETUP_FAILED}"
}

have() { command -v "$1" >/dev/null 2>&1; }

# Whether as_root will work. On a terminal sudo asks for the password now, so that it need not where
# nobody sees the question.
can_be_root() {
    if ((EUID == 0)); then
        return 0
    elif ! have sudo; then
        return 1
    elif [[ -t 2 ]]; then
        sudo -v
    else
        sudo -n true 2>/dev/null
    fi
}

# Runs a command as root. Without root and sudo the result is 125 and nothing runs.
as_root() {
    if ((EUID == 0)); then
        "$@"
    elif ! have sudo; then
        note "'$1' needs root and there is no sudo"
        return 125
    elif [[ -t 2 ]]; then
        sudo "$@"
    else
        sudo -n "$@"
    fi
}

# Prints the seconds since an EPOCHREALTIME, with one decimal.
seconds_since() {
    local deciseconds=$(((${EPOCHREALTIME/[.,]/} - ${1/[.,]/}) / 100000))
    printf '%d.%d' $((deciseconds / 10)) $((deciseconds % 10))
}

# Rewrites one line of the terminal with the time passed and the last line of a log, until killed.
show_progress() {
    local label=$1 log=$2 start=$3 last width
    while sleep 0.3 && kill -0 $$ 2>/dev/null; do
        last=$(tail -n 1 "$log" 2>/dev/null | tr -cd '[:print:]') || true
        width=$(tput cols 2>/dev/null) || width=80
        last="$label: $(seconds_since "$start") s  $last"
        printf '\r\033[K%s' "${last:0:width-1}" >&2
    done
}

# step LABEL COMMAND...: runs the command with its output in a log, shows progress on a terminal,
# says how long it took. When it fails, the end of the log is shown and the log is kept.
step() {
    local label=$1 start=$EPOCHREALTIME status=0 log ticker=
    shift
    log=$(mktemp "${TMPDIR:-/tmp}/gauntlet-step.XXXXXX")
    if [[ -t 2 ]]; then
        show_progress "$label" "$log" "$start" &
        ticker=$!
    else
        note "$label ..."
    fi
    "$@" >"$log" 2>&1 </dev/null || status=$?
    if [[ -n $ticker ]]; then
        kill "$ticker" 2>/dev/null || true
        wait "$ticker" 2>/dev/null || true
        printf '\r\033[K' >&2
    fi
    if ((status == 0)); then
        note "$label: $(seconds_since "$start") s"
        rm -f "$log"
        return 0
    fi
    tail -n "${step_lines:-40}" "$log" >&2
    note "$label: failed after $(seconds_since "$start") s (exit code $status); whole log: $log"
    return "$status"
}
