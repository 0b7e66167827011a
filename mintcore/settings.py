"""Settings that the command line and the dashboard share."""

from pathlib import Path

DEFAULT_HOME = Path("mint-home")
HOME_VARIABLE = "MINT_HOME"
"""Environment variable that names the home folder."""
