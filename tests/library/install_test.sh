#!/usr/bin/env bash
# The library as its users get it: installed into a scratch folder, found there by CMake, and linked
# by examples/check_history, which is configured, built and run.
#   install_test.sh BUILD-FOLDER
set -Eeuo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$1
scratch=$(mktemp -d "${TMPDIR:-/tmp}/gauntlet-library-test.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

# run COMMAND...: quiet unless it fails.
run() {
    if ! "$@" >"$scratch/output" 2>&1; then
        cat "$scratch/output"
        echo "FAILED  $*"
        exit 1
    fi
}

launcher=$(command -v ccache || true)

# configure COMPONENT FOLDER
configure() {
    sed "s/COMPONENTS checker/COMPONENTS $1/" "$root/examples/check_history/CMakeLists.txt" >"$scratch/source/CMakeLists.txt"
    cmake -G Ninja -S "$scratch/source" -B "$scratch/$2" -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_PREFIX_PATH="$scratch/prefix" -DCMAKE_CXX_COMPILER_LAUNCHER="$launcher"
}

# Copied, so that nothing beside it in our tree can be included by accident.
cp -r "$root/examples/check_history" "$scratch/source"
run cmake --install "$build" --component library --prefix "$scratch/prefix"
run configure checker build
run cmake --build "$scratch/build"
run ctest --test-dir "$scratch/build" --output-on-failure --no-tests=error

if configure no-such-component refused >"$scratch/output" 2>&1 ||
    ! grep -q "there is no component no-such-component" "$scratch/output"; then
    cat "$scratch/output"
    echo "FAILED  a component that is not there is refused"
    exit 1
fi

# Neither the program nor what only the harness needs has come along.
if find "$scratch/prefix" -name '*ssh*' -o -name '*curl*' -o -name '*harness*' -o -type f -perm -u+x | grep .; then
    echo "FAILED  only the library is installed"
    exit 1
fi
if grep -rniE 'libssh|curl|docker|openssl' "$scratch/prefix/lib" --include='*.cmake'; then
    echo "FAILED  the library needs nothing of the harness"
    exit 1
fi
echo "ok      the installed library judges from another project"
