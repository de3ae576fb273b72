# Sourced by the scripts that check Outflow with other people's programs.

export PYTHONDONTWRITEBYTECODE=1
common=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# What is not to be had: with CI=true an error; otherwise it is said and skipped.
missing() {
    if [ "${CI:-}" = true ]; then
        echo "$1"
        exit 1
    fi
    echo "SKIPPED: $1"
    exit 0
}

# `environment FOLDER NAME CACHE`: sets `venv` to a folder with the Python packages of FOLDER/requirements.txt, made once for each list of
# them; in CACHE, or under the home directory's cache as NAME. Our own modules of FOLDER and this folder can be imported.
environment() {
    local python=${PYTHON:-python3} version cache
    command -v "$python" >/dev/null || missing "no $python, so nothing of $2 can run"
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    cache=${3:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/$2}
    venv=$cache/$version-$(sha256sum "$1/requirements.txt" | cut -c1-16)
    if [ ! -e "$venv/complete" ]; then
        rm -rf "$venv"
        if ! { "$python" -m venv "$venv" && "$venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: -r "$1/requirements.txt"; }; then
            missing "the packages of $1/requirements.txt cannot be installed"
        fi
        touch "$venv/complete"
    fi
    export PYTHONPATH=$1:$common
}
