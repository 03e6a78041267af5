#!/usr/bin/env bash
# Tests of the scripts that set gauntlet up, on copies of them in a scratch folder: no package is
# installed, no dockerd started.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
scratch=$(mktemp -d "${TMPDIR:-/tmp}/gauntlet-dev-test.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
failures=0

# check WHAT COMMAND...: counts a failure if the command fails.
check() {
    local what=$1
    shift
    if "$@"; then
        echo "ok      $what"
    else
        echo "FAILED  $what"
        failures=$((failures + 1))
    fi
}

equal() { [[ $1 == "$2" ]] || { printf '  got:      %s\n  expected: %s\n' "$1" "$2" && false; }; }
differ() { [[ $1 != "$2" ]] || { printf '  both: %s\n' "$1" && false; }; }
matches() { [[ $1 =~ $2 ]] || { printf '  got: %s\n  not: %s\n' "$1" "$2" && false; }; }

fresh_copy() {
    rm -rf "$scratch/copy"
    mkdir -p "$scratch/copy"
    cp -r "$root/dev" "$root/docker" "$root/packages.txt" "$scratch/copy/"
    cd "$scratch/copy" || exit 1
}

# Puts a program of that name and those lines first in the PATH.
fake() {
    mkdir -p "$scratch/bin"
    printf '#!/bin/bash\n%s\n' "$2" >"$scratch/bin/$1"
    chmod +x "$scratch/bin/$1"
}

test_usage() {
    local out status
    out=$(./dev frobnicate 2>&1)
    status=$?
    check "an unknown command ends with 254" equal "$status" 254
    check "... and says so in one line" equal "$(wc -l <<<"$out")" 1
    check "... naming it" matches "$out" "no command 'frobnicate'"
    ./dev build --preset nonsense 2>/dev/null
    check "an unknown preset ends with 254" equal $? 254
    for command in build demo test bench tidy doctor clean; do
        out=$(./dev "$command" --help)
        check "$command has a --help" matches "$out" "usage: ./dev $command"
        check "... and the help names it" matches "$(./dev help)" "  $command "
    done
}

test_packages() {
    local sections names
    sections=$(grep -o '^\[[a-z]*\]' packages.txt | xargs)
    check "packages.txt has its sections" equal "$sections" "[build] [run] [test] [tidy] [fuzz]"
    check "every other line is a package, a comment or empty" \
        equal "$(grep -vE '^(\[[a-z]+\]|[a-z0-9][a-z0-9.+-]+( +#.*)?|#.*|)$' packages.txt)" ""
    names=$(sed 's/#.*//; /^\[/d' packages.txt | xargs -n1 | sort)
    check "no package is listed twice" equal "$(uniq -d <<<"$names")" ""
    check "node-packages.txt: the same" \
        equal "$(grep -vE '^([a-z0-9][a-z0-9.+-]+|#.*|)$' docker/node-packages.txt)" ""
}

# Runs ./dev build with faked apt, dpkg and cmake; what they were asked is in $scratch/calls.
run_with_fakes() {
    : >"$scratch/calls"
    # shellcheck disable=SC2016
    fake dpkg-query 'for name in "${@:3}"; do [[ $name == "$NOT_INSTALLED" ]] || echo "installed $name"; done'
    # shellcheck disable=SC2016
    fake apt-get 'echo "apt-get $*" >>'"$scratch/calls"'
        case "$*" in
            "-s "*) echo -e "$APT_REMOVES" ;;
            *install*) fails='"$scratch"'/fails; n=$(cat "$fails"); echo $((n - 1)) >"$fails"; ((n <= 0)) ;;
        esac'
    fake cmake "echo \"cmake \$*\" >>$scratch/calls"
    # Packages are only installed as root; `env` and the rest are the real ones.
    # shellcheck disable=SC2016
    fake sudo 'while [[ $1 == -* ]]; do shift; done; [[ $# == 0 ]] || exec "$@"'
    echo "${APT_FAILS:-0}" >"$scratch/fails"
    PATH=$scratch/bin:$PATH TMPDIR=$scratch NOT_INSTALLED=${NOT_INSTALLED:-} APT_REMOVES=${APT_REMOVES:-} \
        ./dev build >"$scratch/out" 2>&1
}

test_installs() {
    run_with_fakes
    check "with all packages there, the build runs" equal $? 0
    check "... and apt is left alone" equal "$(grep -c apt-get "$scratch/calls")" 0
    check "... in Release" matches "$(cat "$scratch/calls")" "cmake --preset release"
    check "... and builds the program" matches "$(cat "$scratch/calls")" "--target gauntlet"

    NOT_INSTALLED=libssh-dev run_with_fakes
    check "a missing package is installed" equal $? 0
    check "... after an update" matches "$(cat "$scratch/calls")" \
        "update.*install -y --no-install-recommends libssh-dev"
    check "... and it is said" matches "$(cat "$scratch/out")" "installing with apt.*: libssh-dev"

    NOT_INSTALLED=libssh-dev APT_FAILS=1 run_with_fakes
    check "a failure of apt is tried once more" equal $? 0
    NOT_INSTALLED=libssh-dev APT_FAILS=2 run_with_fakes
    check "... but not twice" equal $? 255
    check "... and nothing is built then" equal "$(grep -c cmake "$scratch/calls")" 0

    NOT_INSTALLED=libboost1.81-dev APT_REMOVES='Remv libboost1.74-dev [1.74]' run_with_fakes
    check "an older boost gives way" equal $? 0
    check "... and it is said" matches "$(cat "$scratch/out")" "removes libboost1.74-dev"
    NOT_INSTALLED=libboost1.81-dev APT_REMOVES='Remv precious [1.0]' run_with_fakes
    check "nothing else is removed unasked" equal $? 255
    check "... and the remedy is said" matches "$(cat "$scratch/out")" \
        "remove precious; if that is right: apt-get install libboost1.81-dev"
}

test_image_tag() {
    local before file
    before=$(docker/build-image --print-tag)
    check "the image's tag names its inputs" matches "$before" '^gauntlet-node:[0-9a-f]{12}$'
    check "... and is the same each time" equal "$(docker/build-image --print-tag)" "$before"
    check "... from any folder" equal "$(cd / && "$scratch/copy/docker/build-image" --print-tag)" "$before"
    for file in Dockerfile node-packages.txt build-image node/sshd.conf node/gauntlet-node node/prepare; do
        fresh_copy
        echo '# changed' >>"docker/$file"
        check "... and changes with $file" differ "$(docker/build-image --print-tag)" "$before"
    done
    fresh_copy
    docker/build-image --frobnicate 2>/dev/null
    check "an unknown argument ends with 254" equal $? 254
}

test_daemon() {
    local out
    export GAUNTLET_HOME=$scratch/home DOCKER_HOST=unix://$scratch/nobody.sock
    out=$(docker/daemon start 2>/dev/null)
    check "a dockerd that cannot be had is a failure" differ $? 0
    check "... with its reason in one line" equal "$(wc -l <<<"$out")" 1
    check "... and a remedy" matches "$out" "remedy: "
    check "no dockerd is known as none" equal "$(docker/daemon status)" none
    # A record of a live process that is not the one recorded: `stop` must not touch it.
    sleep 60 &
    mkdir -p "$GAUNTLET_HOME/docker"
    echo "$! 1 $(cat /proc/sys/kernel/random/boot_id)" >"$GAUNTLET_HOME/docker/dockerd.record"
    docker/daemon stop 2>/dev/null
    check "another process with the recorded pid is left alone" kill -0 $!
    kill $!
    unset GAUNTLET_HOME DOCKER_HOST
}

test_shellcheck() {
    if ! command -v shellcheck >/dev/null; then
        echo "skipped shellcheck: not installed"
        return
    fi
    cd "$root" || exit 1
    check "shellcheck finds nothing" shellcheck -x dev .ci/run docker/build-image docker/daemon \
        docker/machines docker/machine-init \
        docker/common.sh docker/node/gauntlet-node docker/node/prepare tests/shell/dev_test.sh
}

for group in usage packages installs image_tag daemon shellcheck; do
    fresh_copy
    "test_$group"
done
echo "$failures failed"
((failures == 0))
