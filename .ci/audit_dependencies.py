"""Ask for known vulnerabilities of what is installed; fail where one has a fix.

pip-audit takes a database that does not answer for one without entries, and says that nothing was found. Here that is
said to be no audit. No answer is no failure: machines without a way to the database build as well.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

SECONDS = 60


def main() -> int:
    """Audit the environment that runs this; give the exit code."""
    command = [sys.executable, "-m", "pip_audit", "--format", "json", "--progress-spinner", "off"]
    try:
        asked = subprocess.run(  # noqa: S603
            [*command, "--skip-editable", "--timeout", "10"],
            capture_output=True,
            check=False,
            text=True,
            timeout=SECONDS,
        )
        dependencies = json.loads(asked.stdout)["dependencies"]
    except subprocess.TimeoutExpired:
        print(f"Dependencies were not audited: the database gave no answer in {SECONDS} s.")
        return 0
    except (ValueError, KeyError):
        said = asked.stderr.strip().splitlines() or ["pip-audit gave no report"]
        print(f"Dependencies were not audited: {said[-1]}")
        return 0
    code, lines = judged(dependencies)
    print("\n".join(lines))
    return code


def judged(dependencies: Sequence[Mapping[str, Any]]) -> tuple[int, list[str]]:
    """Give the exit code for a report, and what to say of it."""
    known = [each for each in dependencies if "skip_reason" not in each]
    if not known:
        return 0, ["Dependencies were not audited: the database knows none of them."]
    found = [(each, flaw) for each in known for flaw in each["vulns"]]
    lines = [_line(each, flaw) for each, flaw in found]
    counted = f"{len(known)} of {len(dependencies)} dependencies were audited"
    lines.append(f"{counted}; {len(found)} known vulnerabilities.")
    return int(any(flaw["fix_versions"] for _, flaw in found)), lines


def _line(dependency: Mapping[str, Any], flaw: Mapping[str, Any]) -> str:
    fixed = ", ".join(flaw["fix_versions"])
    way_out = f"fixed in {fixed}" if fixed else "not fixed yet"
    return f"{dependency['name']} {dependency['version']} has {flaw['id']}: {way_out}."


if __name__ == "__main__":
    sys.exit(main())
