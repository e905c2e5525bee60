# Functions that the scripts in this directory share. They source this file after `set -euo
# pipefail`.
# shellcheck shell=bash
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
# shellcheck source=tools/versions.sh
source "$root/tools/versions.sh"
build=$root/build/release
host=$build/bin/hfc-host

say() { printf '%s\n' "$*" >&2; }
die() {
    say "${0##*/}: $*"
    exit 1
}

# Prints the comment at the top of the calling script, which is its help.
print_help() { sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$0"; }

# make_build_folder: creates the directory for logs, locks and stamps.
make_build_folder() {
    if ! mkdir -p "$root/build" 2>/dev/null || [ ! -w "$root/build" ]; then
        die "cannot write to '$root/build': no permission, or the disk is full or read-only"
    fi
}

# torch_found DIR: prints the version of LibTorch in a Python package torch. Fails if there is no
# LibTorch, if it has no headers or if it is too old. Agrees with cmake/FindLibTorch.cmake, which
# defines the lowest version.
torch_found() {
    local dir=$1 version lowest
    [ -f "$dir/version.py" ] && [ -f "$dir/lib/libtorch_cpu.so" ] &&
        [ -f "$dir/include/ATen/ATen.h" ] || return 1
    version=$(sed -n "s/^__version__ *= *'\([0-9.]*\).*/\1/p" "$dir/version.py")
    lowest=$(sed -n 's/^set(LibTorch_MINIMUM \([0-9.]*\))/\1/p' "$root/cmake/FindLibTorch.cmake")
    [ -n "$version" ] &&
        [ "$(printf '%s\n%s\n' "$lowest" "$version" | sort -V | head -n 1)" = "$lowest" ] ||
        return 1
    printf '%s\n' "$version"
}

# find_torch: prints the directory of the LibTorch that CMake will use, searching in the same order
# as CMake. Fails if there is none.
find_torch() {
    local active dir program
    if [ -n "${HFC_TORCH_DIR:-}" ]; then
        torch_found "$HFC_TORCH_DIR" >/dev/null && printf '%s\n' "$HFC_TORCH_DIR"
        return
    fi
    program="import importlib.util as u; s = u.find_spec('torch'); "
    program+="print(s.submodule_search_locations[0] if s else '')"
    active=$(python3 -c "$program" 2>/dev/null) || active=
    for dir in "$active" "$root"/.venv/lib/python3*/site-packages/torch; do
        if torch_found "$dir" >/dev/null; then
            printf '%s\n' "$dir"
            return
        fi
    done
    return 1
}

# These values identify a build. If one of them changes, the build is out of date.
build_key() { printf 'checkout=%s\nHFC_TORCH_DIR=%s\n' "$root" "${HFC_TORCH_DIR:-}"; }

# build_preset PRESET LOG WHAT [cmake's build options]: installs what is missing, configures and
# builds. build/LOG.log has the details.
build_preset() {
    local preset=$1 log=$root/build/$2.log what=$3
    shift 3
    make_build_folder
    "$root/tools/setup" || return 1
    : >"$log"
    (cd "$root" && run_step "$log" "Configuring $what" \
        cmake --preset "$preset" "-DHFC_TORCH_DIR=${HFC_TORCH_DIR:-}") || return 1
    (cd "$root" && run_step "$log" "Building $what; the first build takes a few minutes" \
        cmake --build --preset "$preset" --parallel "$(jobs_that_fit)" "$@")
}

# is_current TARGET: succeeds if nothing that the target depends on has changed since the target was
# last built. Takes about 10 ms.
is_current() {
    local stamp=$build/.built-$1 torch
    local inputs=(CMakeLists.txt CMakePresets.json cmake core bindings host viewer)
    [ -f "$stamp" ] && [ -x "$host" ] || return 1
    [ "$(sed '/^torch=/d;/^werror=/d' "$stamp")" = "$(build_key)" ] || return 1
    torch=$(sed -n 's/^torch=//p' "$stamp")
    [ -f "$torch/lib/libtorch_cpu.so" ] || return 1
    [ "${CI:-}" != true ] || grep -qx 'werror=true' "$stamp" || return 1
    if [ "$1" != hfc_programs ]; then
        inputs+=(tests bench)
    fi
    # An unreadable or missing input counts as a change; the build then reports what is wrong.
    [ -z "$(cd "$root" && find "${inputs[@]}" -newer "$stamp" -print -quit 2>&1)" ]
}

# Each compiler process needs 1.5 GB for the ATen headers.
jobs_that_fit() {
    local cores memory
    cores=$(nproc 2>/dev/null || echo 2)
    memory=$(awk '/^MemAvailable:/ {print int($2 / 1500000)}' /proc/meminfo 2>/dev/null ||
        echo "$cores")
    [ "${memory:-0}" -ge 1 ] || memory=1
    echo $((cores < memory ? cores : memory))
}

# clang_can_fuzz: succeeds if clang++ and the runtime libraries of its sanitizers are installed
# (Debian: clang libclang-rt-14-dev).
clang_can_fuzz() {
    local program status=0
    command -v clang++ >/dev/null || return 1
    program=$(mktemp)
    echo 'extern "C" int LLVMFuzzerTestOneInput(const char*, unsigned long) { return 0; }' |
        clang++ -x c++ -fsanitize=fuzzer,address,undefined -o "$program" - 2>/dev/null || status=1
    rm -f -- "$program"
    return $status
}

# run_step LOG WHAT COMMAND...: on a terminal, shows the command's output. Otherwise writes the
# output to the log and, if the command fails, shows the errors or the end of the log.
run_step() {
    local log=$1 what=$2
    shift 2
    if [ -t 2 ]; then
        say "$what ..."
        "$@" >&2 && return
    else
        say "$what (details in ${log#"$root/"}) ..."
        "$@" >>"$log" 2>&1 && return
        grep -E -m 20 -A 4 'error|Error|FAILED|No space left' "$log" >&2 || tail -n 20 "$log" >&2
    fi
    say "${0##*/}: failed: $what"
    return 1
}

configure_and_build() {
    local target=$1 options=() log=$root/build/build.log torch home
    local jobs=${CMAKE_BUILD_PARALLEL_LEVEL:-$(jobs_that_fit)}
    : 2>/dev/null >"$log" || die "cannot write '$log': no permission, or the disk is full"
    torch=$(find_torch) || die "found no usable LibTorch after tools/setup"
    options=("-DHFC_TORCH_DIR=${HFC_TORCH_DIR:-}" -DHFC_TESTS=ON)
    if [ "${CI:-}" = true ]; then
        options+=(-DHFC_WERROR=ON)
    fi
    home=$(sed -n 's/^CMAKE_HOME_DIRECTORY:INTERNAL=//p' "$build/CMakeCache.txt" 2>/dev/null) ||
        home=
    if [ -n "$home" ] && [ "$(realpath -m -- "$home")" != "$root" ]; then
        say "Removing build/release, which was created for a checkout at a different path"
        rm -rf -- "$build"
    fi
    if ! mkdir -p "$build" || ! touch "$build/.building"; then
        die "cannot write to '$build': no permission, or the disk is full"
    fi
    (cd "$root" && run_step "$log" "Configuring the Release build" \
        cmake --preset release "${options[@]}") || return 1
    (cd "$root" &&
        run_step "$log" "Building $target with $jobs jobs; the first build takes a few minutes" \
            cmake --build --preset release --parallel "$jobs" --target "$target") || return 1
    # The stamp has the time when the build started, so files edited during the build are newer.
    {
        build_key
        printf 'torch=%s\nwerror=%s\n' "$torch" \
            "$(sed -n 's/^HFC_WERROR:BOOL=ON/true/p' "$build/CMakeCache.txt")"
    } >"$build/.built"
    touch -r "$build/.building" "$build/.built"
    if [ "$target" = all ]; then
        cp -p -- "$build/.built" "$build/.built-hfc_programs"
    fi
    mv -f -- "$build/.built" "$build/.built-$target"
}

# ensure_built TARGET: installs, configures and builds what is missing. Returns immediately if
# nothing is missing.
ensure_built() {
    local target=$1
    if is_current "$target"; then
        return
    fi
    make_build_folder
    exec 9>"$root/build/.lock"
    if ! flock -n 9; then
        say "Waiting for another build of this checkout ..."
        flock 9
    fi
    if ! is_current "$target"; then
        "$root/tools/setup" || exit 1
        configure_and_build "$target" || exit 1
    fi
    exec 9>&-
}

# build_commit COMMIT TARGET [cmake's options]: builds a target of another commit in build/commits.
# Prints the directory of that commit's sources, which contains the build in build/release.
build_commit() {
    local hash folder torch
    hash=$(git -C "$root" rev-parse --verify --quiet "$1^{commit}") ||
        die "'$1' is not a commit of this repository"
    folder=$root/build/commits/${hash:0:12}
    torch=$(find_torch) || die "found no usable LibTorch after tools/setup"
    if [ ! -f "$folder/.whole" ]; then
        rm -rf -- "$folder"
        mkdir -p "$folder"
        git -C "$root" archive "$hash" | tar -x -C "$folder"
        touch "$folder/.whole"
    fi
    local log=$root/build/commit-${hash:0:12}.log target=$2
    # If there is a launcher, ninja's "hfc-host" means the program that the launcher starts.
    if [ "$target" = hfc-host ] && grep -rqs --include=CMakeLists.txt hfc_programs "$folder"; then
        target=hfc_programs
    fi
    : >"$log"
    (cd "$folder" && run_step "$log" "Configuring commit ${hash:0:12}" \
        cmake --preset release "-DHFC_TORCH_DIR=$torch" -DHFC_TESTS=OFF "${@:3}" >&2) || return 1
    (cd "$folder" && run_step "$log" "Building commit ${hash:0:12}" \
        cmake --build --preset release --parallel "$(jobs_that_fit)" --target "$target" >&2) ||
        return 1
    printf '%s\n' "$folder"
}
