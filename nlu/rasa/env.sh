#!/bin/sh
# Make `.venv-rasa` at the project's root: the environment that trains and checks the model.
# Needs uv (the project's own when it is there) and a Python 3.10: the one UV_PYTHON names, else what uv finds.
# Exit 3: no Python 3.10 here; whoever calls says that the step is skipped.
set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/../.." && pwd)
uv=$root/.venv/bin/uv
[ -x "$uv" ] || uv=uv
lock=$root/nlu/rasa/requirements.lock
made=$root/.venv-rasa/.made-from

if [ -x "$root/.venv-rasa/bin/python" ] && cmp -s "$lock" "$made"; then
    exit 0
fi
if ! python=$("$uv" python find --no-python-downloads "${UV_PYTHON:-3.10}" 2>/dev/null); then
    echo "SKIPPED: no Python 3.10 found for Rasa; set UV_PYTHON to one to train or check the model." >&2
    exit 3
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 10))'; then
    echo "SKIPPED: Rasa needs Python 3.10 and $python is another; set UV_PYTHON to a Python 3.10." >&2
    exit 3
fi
"$uv" venv --quiet --clear --python "$python" "$root/.venv-rasa"
"$uv" pip sync --quiet --require-hashes --python "$root/.venv-rasa/bin/python" "$lock"
cp "$lock" "$made"
